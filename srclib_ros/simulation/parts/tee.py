"""Pipe tees with a collar at each mouth."""

from __future__ import annotations

from srclib_ros.simulation.parts.solid import CUT, Solid, drill, lying, rod

FAMILY = "tee"
LIBRARY = {
    "20": {"outer": 20.0, "inner": 14.0, "run": 56.0, "branch": 28.0, "collar": 26.0},
    "27": {"outer": 27.0, "inner": 20.0, "run": 72.0, "branch": 38.0, "collar": 34.0},
    "34_short": {"outer": 34.0, "inner": 26.0, "run": 70.0, "branch": 30.0, "collar": 40.0},
    "22_long": {"outer": 22.0, "inner": 16.0, "run": 110.0, "branch": 60.0, "collar": 28.0},
}
HELD_OUT = {"30": {"outer": 30.0, "inner": 23.0, "run": 80.0, "branch": 42.0, "collar": 38.0}}


def build(outer: float, inner: float, run: float, branch: float, collar: float) -> Solid:
    mouth = 0.4 * outer
    along = lying(rod(outer, run) + rod(collar, mouth) + rod(collar, mouth, run - mouth)).translate((-run / 2.0, 0, 0))
    body = along + rod(outer, branch) + rod(collar, mouth, branch - mouth)
    return body - lying(drill(inner, run)).translate((-run / 2.0, 0.0, 0.0)) - rod(inner, branch + CUT)
