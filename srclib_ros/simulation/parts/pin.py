"""Plain dowel pins with chamfered ends, and headed ones with a cross hole."""

from __future__ import annotations

from srclib_ros.simulation.parts.solid import Solid, drill, lying, rod, stacked

FAMILY = "pin"
LIBRARY = {
    "10x40": {"d": 10.0, "length": 40.0, "head": 0.0, "hole": 0.0},
    "16x60": {"d": 16.0, "length": 60.0, "head": 0.0, "hole": 0.0},
    "20x35": {"d": 20.0, "length": 35.0, "head": 0.0, "hole": 0.0},
    "clevis_12x55": {"d": 12.0, "length": 55.0, "head": 20.0, "hole": 4.0},
    "clevis_18x80": {"d": 18.0, "length": 80.0, "head": 28.0, "hole": 6.0},
}
HELD_OUT = {
    "13x50": {"d": 13.0, "length": 50.0, "head": 0.0, "hole": 0.0},
    "clevis_15x65": {"d": 15.0, "length": 65.0, "head": 24.0, "hole": 5.0},
}


def build(d: float, length: float, head: float, hole: float) -> Solid:
    bevel = 0.1 * d
    tip = d - 2.0 * bevel
    solid = stacked((tip, d, bevel), (d, d, length - 2.0 * bevel), (d, tip, bevel))
    if head > 0.0:
        solid += rod(head, 0.35 * d)
        solid -= lying(drill(hole, d)).translate((-d / 2.0, 0.0, length - 1.2 * hole))
    return solid
