"""Stepped plugs: a wide head, a tapered body, a blind hole from below."""

from __future__ import annotations

from srclib_ros.simulation.parts.solid import CUT, Solid, cone, rod

FAMILY = "plug"
LIBRARY = {
    "20": {"head": 28.0, "head_height": 6.0, "body": 20.0, "tip": 17.0, "length": 22.0, "hole": 8.0},
    "30": {"head": 40.0, "head_height": 8.0, "body": 30.0, "tip": 26.0, "length": 24.0, "hole": 14.0},
    "24_long": {"head": 32.0, "head_height": 6.0, "body": 24.0, "tip": 16.0, "length": 44.0, "hole": 8.0},
    "45_flat": {"head": 60.0, "head_height": 8.0, "body": 45.0, "tip": 42.0, "length": 14.0, "hole": 24.0},
}
HELD_OUT = {"26": {"head": 35.0, "head_height": 7.0, "body": 26.0, "tip": 22.0, "length": 26.0, "hole": 11.0}}


def build(head: float, head_height: float, body: float, tip: float, length: float, hole: float) -> Solid:
    solid = rod(head, head_height) + cone(body, tip, length + CUT, head_height - CUT)
    return solid - rod(hole, 0.6 * length + CUT, head_height + 0.4 * length)
