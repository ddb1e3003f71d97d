"""Hexagon nuts, chamfered on both sides."""

from __future__ import annotations

from srclib_ros.simulation.parts.solid import Solid, drill, hexagon, prism, stacked

FAMILY = "hex_nut"
LIBRARY = {
    "m12": {"d": 12.0, "flats": 18.0, "height": 10.8},
    "m16": {"d": 16.0, "flats": 24.0, "height": 14.8},
    "m20": {"d": 20.0, "flats": 30.0, "height": 18.0},
    "m24": {"d": 24.0, "flats": 36.0, "height": 21.5},
    "m30_thin": {"d": 30.0, "flats": 46.0, "height": 15.0},
}
HELD_OUT = {
    "m18": {"d": 18.0, "flats": 27.0, "height": 15.8},
    "m27": {"d": 27.0, "flats": 41.0, "height": 23.8},
}


def build(d: float, flats: float, height: float) -> Solid:
    edge = 0.08 * height
    top, full = 0.95 * flats, 0.95 * flats + 4.0 * edge
    chamfered = stacked((top, full, edge), (full, full, height - 2.0 * edge), (full, top, edge)).rotate((0, 0, 2))
    return (prism(hexagon(flats), height) ^ chamfered) - drill(0.9 * d, height)
