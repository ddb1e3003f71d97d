"""Bearing and spacer rings: thick, with a groove outside."""

from __future__ import annotations

from srclib_ros.simulation.parts.solid import CUT, Solid, tube

FAMILY = "ring"
LIBRARY = {
    "17x35x10": {"inner": 17.0, "outer": 35.0, "width": 10.0, "groove": 1.5},
    "25x47x12": {"inner": 25.0, "outer": 47.0, "width": 12.0, "groove": 2.0},
    "40x62x12": {"inner": 40.0, "outer": 62.0, "width": 12.0, "groove": 2.0},
    "50x65x7": {"inner": 50.0, "outer": 65.0, "width": 7.0, "groove": 1.0},
    "60x90x20": {"inner": 60.0, "outer": 90.0, "width": 20.0, "groove": 3.0},
}
HELD_OUT = {
    "20x42x12": {"inner": 20.0, "outer": 42.0, "width": 12.0, "groove": 2.0},
    "45x75x16": {"inner": 45.0, "outer": 75.0, "width": 16.0, "groove": 2.5},
}


def build(inner: float, outer: float, width: float, groove: float) -> Solid:
    cut = tube(outer + 2.0 * CUT, outer - 2.0 * groove, width / 4.0, 3.0 * width / 8.0)
    return tube(outer, inner, width) - cut
