"""Turned shafts of several diameters, the ends chamfered."""

from __future__ import annotations

from srclib_ros.simulation.parts.solid import Solid, stacked

FAMILY = "stepped_shaft"
LIBRARY = {
    "three_90": {"a": 12.0, "la": 20.0, "b": 20.0, "lb": 45.0, "c": 15.0, "lc": 25.0},
    "three_120": {"a": 15.0, "la": 35.0, "b": 25.0, "lb": 50.0, "c": 18.0, "lc": 35.0},
    "collar_80": {"a": 14.0, "la": 35.0, "b": 28.0, "lb": 8.0, "c": 14.0, "lc": 37.0},
    "motor_60": {"a": 8.0, "la": 18.0, "b": 24.0, "lb": 30.0, "c": 12.0, "lc": 12.0},
    "stub_50": {"a": 20.0, "la": 14.0, "b": 30.0, "lb": 24.0, "c": 24.0, "lc": 12.0},
    "spindle_140": {"a": 10.0, "la": 50.0, "b": 16.0, "lb": 60.0, "c": 12.0, "lc": 30.0},
}
HELD_OUT = {
    "three_105": {"a": 13.0, "la": 28.0, "b": 22.0, "lb": 47.0, "c": 17.0, "lc": 30.0},
    "collar_95": {"a": 16.0, "la": 40.0, "b": 32.0, "lb": 10.0, "c": 16.0, "lc": 45.0},
}


def build(a: float, la: float, b: float, lb: float, c: float, lc: float) -> Solid:
    bevel = 1.0
    ends = (a - 2.0 * bevel, a, bevel), (c, c - 2.0 * bevel, bevel)
    return stacked(ends[0], (a, a, la - bevel), (b, b, lb), (c, c, lc - bevel), ends[1])
