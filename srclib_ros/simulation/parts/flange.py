"""Pipe flanges: a disc with a neck and a circle of bolt holes."""

from __future__ import annotations

from srclib_ros.simulation.parts.solid import Solid, around, cone, drill, rod

FAMILY = "flange"
LIBRARY = {
    "60": {"outer": 60.0, "thick": 8.0, "neck": 30.0, "height": 20.0, "bore": 20.0, "bolts": 4, "hole": 7.0},
    "80": {"outer": 80.0, "thick": 10.0, "neck": 42.0, "height": 28.0, "bore": 30.0, "bolts": 6, "hole": 9.0},
    "100": {"outer": 100.0, "thick": 12.0, "neck": 50.0, "height": 24.0, "bore": 36.0, "bolts": 8, "hole": 11.0},
    "50_tall": {"outer": 50.0, "thick": 6.0, "neck": 24.0, "height": 40.0, "bore": 16.0, "bolts": 3, "hole": 6.0},
}
HELD_OUT = {"70": {"outer": 70.0, "thick": 9.0, "neck": 36.0, "height": 24.0, "bore": 25.0, "bolts": 6, "hole": 8.0}}


def build(outer: float, thick: float, neck: float, height: float, bore: float, bolts: int, hole: float) -> Solid:
    solid = rod(outer, thick) + cone(1.15 * neck, neck, height) - drill(bore, height)
    return solid - around(drill(hole, thick), bolts, 0.39 * outer)
