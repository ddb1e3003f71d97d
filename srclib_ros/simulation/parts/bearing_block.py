"""Pillow blocks: a foot with two slots and an arched bearing seat."""

from __future__ import annotations

from manifold3d import CrossSection

from srclib_ros.simulation.parts.solid import CUT, Solid, disc, prism, slot

FAMILY = "bearing_block"
LIBRARY = {
    "60": {"foot": 60.0, "depth": 18.0, "base": 8.0, "centre": 22.0, "seat": 32.0, "bore": 18.0, "hole": 6.0},
    "85": {"foot": 85.0, "depth": 24.0, "base": 10.0, "centre": 30.0, "seat": 44.0, "bore": 25.0, "hole": 9.0},
    "110": {"foot": 110.0, "depth": 30.0, "base": 14.0, "centre": 38.0, "seat": 56.0, "bore": 35.0, "hole": 11.0},
    "50_high": {"foot": 50.0, "depth": 16.0, "base": 7.0, "centre": 38.0, "seat": 28.0, "bore": 14.0, "hole": 6.0},
}
HELD_OUT = {"72": {"foot": 72.0, "depth": 21.0, "base": 9.0, "centre": 26.0, "seat": 38.0, "bore": 22.0, "hole": 7.0}}


def build(foot: float, depth: float, base: float, centre: float, seat: float, bore: float, hole: float) -> Solid:
    arch = disc(seat).translate((0.0, centre)) + CrossSection.square((seat, centre)).translate((-seat / 2.0, 0.0))
    sole = CrossSection.square((foot, base)).translate((-foot / 2.0, 0.0))
    front = arch + sole - disc(bore).translate((0.0, centre))
    solid = prism(front, depth, -depth / 2.0).rotate((90.0, 0.0, 0.0))
    for side in (-1.0, 1.0):
        solid -= prism(slot(0.5 * hole, hole), base + 2.0 * CUT, -CUT).translate(
            (side * (foot / 2.0 - 1.3 * hole), 0, 0)
        )
    return solid
