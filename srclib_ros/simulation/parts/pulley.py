"""Pulleys for a V-belt, with a hub."""

from __future__ import annotations

from srclib_ros.simulation.parts.solid import Solid, turned

FAMILY = "pulley"
LIBRARY = {
    "40": {"outer": 40.0, "width": 14.0, "depth": 6.0, "hub": 18.0, "hub_length": 10.0, "bore": 8.0},
    "60": {"outer": 60.0, "width": 16.0, "depth": 8.0, "hub": 24.0, "hub_length": 12.0, "bore": 12.0},
    "85": {"outer": 85.0, "width": 18.0, "depth": 9.0, "hub": 34.0, "hub_length": 10.0, "bore": 16.0},
    "50_wide": {"outer": 50.0, "width": 32.0, "depth": 9.0, "hub": 22.0, "hub_length": 6.0, "bore": 12.0},
}
HELD_OUT = {"70": {"outer": 70.0, "width": 17.0, "depth": 8.0, "hub": 28.0, "hub_length": 11.0, "bore": 14.0}}


def build(outer: float, width: float, depth: float, hub: float, hub_length: float, bore: float) -> Solid:
    rim, radius = 0.15 * width, outer / 2.0
    end = width + hub_length
    return turned(
        [
            (bore / 2.0, 0.0),
            (radius, 0.0),
            (radius, rim),
            (radius - depth, width / 2.0 - 0.1 * width),
            (radius - depth, width / 2.0 + 0.1 * width),
            (radius, width - rim),
            (radius, width),
            (hub / 2.0, width),
            (hub / 2.0, end),
            (bore / 2.0, end),
        ]
    )
