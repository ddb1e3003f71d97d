"""Levers: two eyes of different size joined by a flat arm."""

from __future__ import annotations

from manifold3d import CrossSection

from srclib_ros.simulation.parts.solid import Solid, disc, drill, prism, rod

FAMILY = "lever"
LIBRARY = {
    "60": {"length": 60.0, "big": 26.0, "small": 18.0, "bore": 12.0, "eye": 8.0, "thick": 10.0, "arm": 5.0},
    "85": {"length": 85.0, "big": 32.0, "small": 20.0, "bore": 16.0, "eye": 9.0, "thick": 14.0, "arm": 7.0},
    "40_stout": {"length": 40.0, "big": 30.0, "small": 24.0, "bore": 14.0, "eye": 10.0, "thick": 16.0, "arm": 9.0},
    "110": {"length": 110.0, "big": 28.0, "small": 24.0, "bore": 14.0, "eye": 12.0, "thick": 12.0, "arm": 6.0},
}
HELD_OUT = {"72": {"length": 72.0, "big": 29.0, "small": 19.0, "bore": 14.0, "eye": 8.5, "thick": 12.0, "arm": 6.0}}


def build(length: float, big: float, small: float, bore: float, eye: float, thick: float, arm: float) -> Solid:
    end = (length, 0.0, 0.0)
    neck = CrossSection.batch_hull([disc(0.7 * big), disc(0.7 * small).translate((length, 0.0))])
    solid = rod(big, thick) + rod(small, thick).translate(end) + prism(neck, arm, (thick - arm) / 2.0)
    return solid - drill(bore, thick) - drill(eye, thick).translate(end)
