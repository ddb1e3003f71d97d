"""Bolts with a hexagon head; the thread is a plain shank with a chamfered tip."""

from __future__ import annotations

from srclib_ros.simulation.parts.solid import CUT, Solid, cone, hexagon, prism, stacked

FAMILY = "hex_bolt"
LIBRARY = {
    "m8x40": {"d": 8.0, "length": 40.0, "flats": 13.0, "head": 5.3},
    "m10x60": {"d": 10.0, "length": 60.0, "flats": 16.0, "head": 6.4},
    "m12x50": {"d": 12.0, "length": 50.0, "flats": 18.0, "head": 7.5},
    "m12x100": {"d": 12.0, "length": 100.0, "flats": 18.0, "head": 7.5},
    "m16x80": {"d": 16.0, "length": 80.0, "flats": 24.0, "head": 10.0},
    "m20x70": {"d": 20.0, "length": 70.0, "flats": 30.0, "head": 12.5},
}
HELD_OUT = {
    "m10x40": {"d": 10.0, "length": 40.0, "flats": 16.0, "head": 6.4},
    "m14x90": {"d": 14.0, "length": 90.0, "flats": 21.0, "head": 8.8},
    "m18x60": {"d": 18.0, "length": 60.0, "flats": 27.0, "head": 11.5},
}


def build(d: float, length: float, flats: float, head: float) -> Solid:
    corners = 1.155 * flats
    chamfered = cone(corners + 2.0 * head, 0.95 * flats, head + 0.2 * flats, -0.2 * flats).rotate((0, 0, 2))
    shank = stacked((d, d, length - 0.15 * d + CUT), (d, 0.72 * d, 0.15 * d))
    return (prism(hexagon(flats), head) ^ chamfered) + shank.translate((0.0, 0.0, head - CUT))
