"""Cap screws with a round head and a hexagon socket."""

from __future__ import annotations

from srclib_ros.simulation.parts.solid import CUT, Solid, hexagon, prism, stacked

FAMILY = "socket_screw"
LIBRARY = {
    "m8x25": {"d": 8.0, "length": 25.0},
    "m8x50": {"d": 8.0, "length": 50.0},
    "m10x40": {"d": 10.0, "length": 40.0},
    "m12x70": {"d": 12.0, "length": 70.0},
    "m16x50": {"d": 16.0, "length": 50.0},
}
HELD_OUT = {
    "m10x65": {"d": 10.0, "length": 65.0},
    "m14x45": {"d": 14.0, "length": 45.0},
}


def build(d: float, length: float) -> Solid:
    socket = prism(hexagon(0.78 * d), 0.55 * d + CUT, -CUT)
    head = (1.3 * d, 1.5 * d, 0.1 * d), (1.5 * d, 1.5 * d, 0.9 * d)
    return stacked(*head, (d, d, length - 0.15 * d), (d, 0.72 * d, 0.15 * d)) - socket
