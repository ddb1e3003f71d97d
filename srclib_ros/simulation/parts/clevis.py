"""Fork heads: a shank that ends in two cheeks with a cross hole."""

from __future__ import annotations

from srclib_ros.simulation.parts.solid import CUT, Solid, block, drill, lying, rod

FAMILY = "clevis"
LIBRARY = {
    "20": {"width": 20.0, "length": 32.0, "gap": 9.0, "shank": 14.0, "shank_length": 18.0, "hole": 8.0},
    "28": {"width": 28.0, "length": 46.0, "gap": 13.0, "shank": 18.0, "shank_length": 26.0, "hole": 12.0},
    "36": {"width": 36.0, "length": 50.0, "gap": 18.0, "shank": 26.0, "shank_length": 20.0, "hole": 14.0},
    "24_long": {"width": 24.0, "length": 60.0, "gap": 12.0, "shank": 15.0, "shank_length": 50.0, "hole": 10.0},
}
HELD_OUT = {"24": {"width": 24.0, "length": 38.0, "gap": 11.0, "shank": 16.0, "shank_length": 22.0, "hole": 10.0}}


def build(width: float, length: float, gap: float, shank: float, shank_length: float, hole: float) -> Solid:
    head = block(width, width, length) ^ rod(1.3 * width, length)
    slit = block(gap, 2.0 * width, 0.65 * length + CUT, 0.35 * length)
    cross = lying(drill(hole, width)).translate((-width / 2.0, 0.0, length - 0.8 * hole))
    return head + rod(shank, shank_length + CUT, -shank_length) - slit - cross
