"""Flat plates with rounded corners, four corner holes and one in the middle."""

from __future__ import annotations

from srclib_ros.simulation.parts.solid import Solid, drill, prism, rounded

FAMILY = "hole_plate"
LIBRARY = {
    "50x50": {"x": 50.0, "y": 50.0, "thick": 6.0, "corner": 6.0, "hole": 6.0, "middle": 16.0},
    "80x40": {"x": 80.0, "y": 40.0, "thick": 6.0, "corner": 5.0, "hole": 7.0, "middle": 14.0},
    "100x60": {"x": 100.0, "y": 60.0, "thick": 8.0, "corner": 8.0, "hole": 9.0, "middle": 30.0},
    "120x30": {"x": 120.0, "y": 30.0, "thick": 5.0, "corner": 4.0, "hole": 6.0, "middle": 12.0},
}
HELD_OUT = {
    "70x50": {"x": 70.0, "y": 50.0, "thick": 7.0, "corner": 6.0, "hole": 7.0, "middle": 20.0},
    "95x40": {"x": 95.0, "y": 40.0, "thick": 6.0, "corner": 5.0, "hole": 7.0, "middle": 14.0},
}


def build(x: float, y: float, thick: float, corner: float, hole: float, middle: float) -> Solid:
    plate = prism(rounded(x, y, corner), thick) - drill(middle, thick)
    for sx in (-1.0, 1.0):
        for sy in (-1.0, 1.0):
            plate -= drill(hole, thick).translate((sx * (x / 2.0 - 1.3 * hole), sy * (y / 2.0 - 1.3 * hole), 0.0))
    return plate
