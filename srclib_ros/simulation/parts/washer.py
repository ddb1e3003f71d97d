"""Flat washers."""

from __future__ import annotations

from srclib_ros.simulation.parts.solid import Solid, tube

FAMILY = "washer"
LIBRARY = {
    "m12": {"hole": 13.0, "outer": 24.0, "thick": 2.5},
    "m16": {"hole": 17.0, "outer": 30.0, "thick": 3.0},
    "m20": {"hole": 21.0, "outer": 37.0, "thick": 3.0},
    "m24_fender": {"hole": 26.0, "outer": 72.0, "thick": 5.0},
    "m30": {"hole": 31.0, "outer": 56.0, "thick": 4.0},
}
HELD_OUT = {
    "m22": {"hole": 23.0, "outer": 39.0, "thick": 3.0},
    "m27": {"hole": 28.0, "outer": 50.0, "thick": 4.0},
}


def build(hole: float, outer: float, thick: float) -> Solid:
    return tube(outer, hole, thick)
