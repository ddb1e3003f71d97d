"""Pipe elbows of a quarter turn with a collar at each mouth."""

from __future__ import annotations

from srclib_ros.simulation.parts.solid import CUT, Solid, bend, disc, rod

FAMILY = "elbow"
LIBRARY = {
    "20": {"outer": 20.0, "inner": 14.0, "radius": 22.0, "collar": 26.0, "mouth": 10.0},
    "27": {"outer": 27.0, "inner": 20.0, "radius": 30.0, "collar": 34.0, "mouth": 14.0},
    "34_tight": {"outer": 34.0, "inner": 26.0, "radius": 26.0, "collar": 42.0, "mouth": 12.0},
    "24_wide": {"outer": 24.0, "inner": 18.0, "radius": 48.0, "collar": 30.0, "mouth": 12.0},
}
HELD_OUT = {"30": {"outer": 30.0, "inner": 23.0, "radius": 34.0, "collar": 38.0, "mouth": 14.0}}


def build(outer: float, inner: float, radius: float, collar: float, mouth: float) -> Solid:
    def swept(diameter: float, end: float, extra: float) -> Solid:
        straight = rod(end, mouth + extra).rotate((90.0, 0.0, 0.0)).translate((radius, 0.01, 0.0))
        far = straight.mirror((1.0, -1.0, 0.0))
        return bend(disc(diameter, 32), radius, 90.0) + straight + far

    return swept(outer, collar, 0.0) - swept(inner, inner, CUT)
