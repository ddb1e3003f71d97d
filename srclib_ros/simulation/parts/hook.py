"""Hooks bent from round bar with an eye. Held out as a whole: nothing in the library is like them."""

from __future__ import annotations

from srclib_ros.simulation.parts.solid import Solid, bend, disc, rod

FAMILY = "hook"
LIBRARY: dict[str, dict[str, float]] = {}
HELD_OUT = {
    "60": {"bar": 9.0, "radius": 18.0, "shank": 34.0, "eye": 22.0},
    "85": {"bar": 12.0, "radius": 24.0, "shank": 46.0, "eye": 30.0},
}


def build(bar: float, radius: float, shank: float, eye: float) -> Solid:
    bow = bend(disc(bar, 16), radius, 235.0).rotate((0.0, 0.0, 180.0))
    straight = rod(bar, shank + 0.02).rotate((-90.0, 0.0, 0.0)).translate((-radius, -0.01, 0.0))
    ring = bend(disc(0.8 * bar, 16), eye / 2.0, 360.0).translate((-radius, shank + eye / 2.0, 0.0))
    return bow + straight + ring
