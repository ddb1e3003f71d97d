"""Wing nuts. Held out as a whole: nothing in the library is like them."""

from __future__ import annotations

from manifold3d import CrossSection

from srclib_ros.simulation.parts.solid import Solid, cone, disc, drill, prism

FAMILY = "wing_nut"
LIBRARY: dict[str, dict[str, float]] = {}
HELD_OUT = {
    "m12": {"d": 12.0, "span": 54.0, "height": 28.0, "wing": 4.0},
    "m16": {"d": 16.0, "span": 72.0, "height": 36.0, "wing": 5.0},
}


def build(d: float, span: float, height: float, wing: float) -> Solid:
    boss = cone(2.0 * d, 1.6 * d, 1.1 * d)
    tip = disc(0.45 * height)
    for side in (-1.0, 1.0):
        reach = tip.translate((side * (span / 2.0 - 0.225 * height), 0.775 * height))
        root = CrossSection.square((0.5 * d, 0.8 * d)).translate((side * 0.6 * d - 0.25 * d, 0.1 * d))
        flat = prism(CrossSection.batch_hull([reach, root]), wing, -wing / 2.0).rotate((90.0, 0.0, 0.0))
        boss += flat
    return boss - drill(0.9 * d, 1.1 * d)
