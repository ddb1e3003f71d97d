"""Straight pipe pieces."""

from __future__ import annotations

from srclib_ros.simulation.parts.solid import Solid, tube

FAMILY = "pipe"
LIBRARY = {
    "20x60": {"outer": 20.0, "inner": 15.0, "length": 60.0},
    "27x80": {"outer": 27.0, "inner": 21.0, "length": 80.0},
    "34x50": {"outer": 34.0, "inner": 27.0, "length": 50.0},
    "42x120": {"outer": 42.0, "inner": 36.0, "length": 120.0},
}
HELD_OUT = {"30x70": {"outer": 30.0, "inner": 24.0, "length": 70.0}}


def build(outer: float, inner: float, length: float) -> Solid:
    return tube(outer, inner, length)
