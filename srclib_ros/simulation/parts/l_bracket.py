"""Angle brackets with a gusset and two holes in each leg."""

from __future__ import annotations

from srclib_ros.simulation.parts.solid import Solid, drill, lying, prism

FAMILY = "l_bracket"
LIBRARY = {
    "40x40": {"x": 40.0, "z": 40.0, "width": 30.0, "thick": 4.0, "hole": 6.0},
    "60x40": {"x": 60.0, "z": 40.0, "width": 40.0, "thick": 5.0, "hole": 8.0},
    "80x60": {"x": 80.0, "z": 60.0, "width": 30.0, "thick": 6.0, "hole": 9.0},
    "50x90": {"x": 50.0, "z": 90.0, "width": 50.0, "thick": 5.0, "hole": 9.0},
}
HELD_OUT = {
    "50x50": {"x": 50.0, "z": 50.0, "width": 36.0, "thick": 5.0, "hole": 7.0},
    "70x45": {"x": 70.0, "z": 45.0, "width": 44.0, "thick": 6.0, "hole": 8.0},
}


def build(x: float, z: float, width: float, thick: float, hole: float) -> Solid:
    profile = [(0.0, 0.0), (x, 0.0), (x, thick), (thick, thick), (thick, z), (0.0, z)]
    gusset = [(0.5 * thick, 0.5 * thick), (0.7 * x, 0.5 * thick), (0.5 * thick, 0.7 * z)]
    angle = prism(profile, width, -width / 2.0) + prism(gusset, thick, -thick / 2.0)
    for side in (-1.0, 1.0):
        upright = drill(hole, thick).rotate((-90.0, 0.0, 0.0)).translate((0.78 * x, 0.0, side * 0.27 * width))
        level = lying(drill(hole, thick)).translate((0.0, 0.78 * z, side * 0.27 * width))
        angle -= upright + level
    return angle.rotate((90.0, 0.0, 0.0))
