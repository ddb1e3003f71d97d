"""Spur gears with straight-sided teeth, some with a hub on one side."""

from __future__ import annotations

import math

from srclib_ros.simulation.parts.solid import Point, Solid, drill, prism, rod

FAMILY = "spur_gear"
LIBRARY = {
    "m2_z14": {"teeth": 14, "module": 2.0, "width": 12.0, "bore": 8.0, "hub": 16.0, "hub_length": 8.0},
    "m2_z24": {"teeth": 24, "module": 2.0, "width": 12.0, "bore": 12.0, "hub": 22.0, "hub_length": 8.0},
    "m3_z18": {"teeth": 18, "module": 3.0, "width": 18.0, "bore": 14.0, "hub": 28.0, "hub_length": 10.0},
    "m3_z28": {"teeth": 28, "module": 3.0, "width": 10.0, "bore": 20.0, "hub": 36.0, "hub_length": 6.0},
    "m4_z12": {"teeth": 12, "module": 4.0, "width": 25.0, "bore": 18.0, "hub": 30.0, "hub_length": 4.0},
}
HELD_OUT = {
    "m2_z20": {"teeth": 20, "module": 2.0, "width": 12.0, "bore": 10.0, "hub": 20.0, "hub_length": 8.0},
    "m3_z22": {"teeth": 22, "module": 3.0, "width": 14.0, "bore": 16.0, "hub": 32.0, "hub_length": 8.0},
}


def build(teeth: int, module: float, width: float, bore: float, hub: float, hub_length: float) -> Solid:
    pitch = math.pi / teeth
    root, tip = module * (teeth / 2.0 - 1.2), module * (teeth / 2.0 + 1.0)
    outline: list[Point] = []
    for tooth in range(teeth):
        for radius, share in ((root, -0.62), (tip, -0.26), (tip, 0.26), (root, 0.62)):
            angle = pitch * (2 * tooth + share)
            outline.append((radius * math.cos(angle), radius * math.sin(angle)))
    return prism(outline, width) + rod(hub, width + hub_length) - drill(bore, width + hub_length)
