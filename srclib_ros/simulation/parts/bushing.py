"""Sleeve bearings with a flange at one end."""

from __future__ import annotations

from srclib_ros.simulation.parts.solid import Solid, drill, rod

FAMILY = "bushing"
LIBRARY = {
    "12x18x20": {"inner": 12.0, "outer": 18.0, "flange": 26.0, "thick": 3.0, "length": 20.0},
    "16x22x30": {"inner": 16.0, "outer": 22.0, "flange": 32.0, "thick": 4.0, "length": 30.0},
    "20x30x26": {"inner": 20.0, "outer": 30.0, "flange": 42.0, "thick": 5.0, "length": 26.0},
    "30x38x45": {"inner": 30.0, "outer": 38.0, "flange": 50.0, "thick": 4.0, "length": 45.0},
}
HELD_OUT = {"18x26x25": {"inner": 18.0, "outer": 26.0, "flange": 36.0, "thick": 4.0, "length": 25.0}}


def build(inner: float, outer: float, flange: float, thick: float, length: float) -> Solid:
    return rod(flange, thick) + rod(outer, length) - drill(inner, length)
