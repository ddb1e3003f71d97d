"""Fan wheels with pitched blades on a hub. Held out as a whole: nothing in the library is like them."""

from __future__ import annotations

from srclib_ros.simulation.parts.solid import Solid, around, block, drill, rod

FAMILY = "fan"
LIBRARY: dict[str, dict[str, float]] = {}
HELD_OUT = {
    "70_4": {"outer": 70.0, "hub": 20.0, "width": 16.0, "blades": 4, "blade": 3.0, "pitch": 40.0, "bore": 6.0},
    "95_3": {"outer": 95.0, "hub": 26.0, "width": 20.0, "blades": 3, "blade": 4.0, "pitch": 50.0, "bore": 8.0},
}


def build(outer: float, hub: float, width: float, blades: int, blade: float, pitch: float, bore: float) -> Solid:
    length = outer / 2.0
    paddle = block(length, blade, 1.3 * width, -0.65 * width).rotate((pitch, 0.0, 0.0))
    wheel = around(paddle, blades, length / 2.0) ^ rod(outer, 4.0 * width, -2.0 * width)
    return wheel + rod(hub, width, -width / 2.0) - drill(bore, width, -width / 2.0)
