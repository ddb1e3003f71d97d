"""Round caps: a cup with a closed top and a knurled rim."""

from __future__ import annotations

from srclib_ros.simulation.parts.solid import Solid, around, rod

FAMILY = "cap"
LIBRARY = {
    "28": {"outer": 28.0, "height": 16.0, "wall": 2.5, "ribs": 12},
    "40": {"outer": 40.0, "height": 22.0, "wall": 3.0, "ribs": 16},
    "55_flat": {"outer": 55.0, "height": 16.0, "wall": 3.0, "ribs": 20},
    "34_tall": {"outer": 34.0, "height": 44.0, "wall": 3.0, "ribs": 12},
}
HELD_OUT = {"46": {"outer": 46.0, "height": 24.0, "wall": 3.0, "ribs": 18}}


def build(outer: float, height: float, wall: float, ribs: int) -> Solid:
    cup = rod(outer, height) - rod(outer - 2.0 * wall, height, wall)
    return cup + around(rod(2.0, 0.8 * height), ribs, outer / 2.0)
