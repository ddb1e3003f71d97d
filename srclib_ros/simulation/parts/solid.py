"""Solids from which the part families are built. All lengths here and in the families are millimetres, angles degrees.

Everything stands on z = 0 and is centred on the z axis unless it is moved.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

from manifold3d import CrossSection, Manifold, OpType

SEGMENTS = 48
CUT = 0.5  # how far a cutting tool sticks out beyond the surface that it cuts

Solid: TypeAlias = Manifold
Point: TypeAlias = tuple[float, float]


def rod(diameter: float, length: float, z: float = 0.0) -> Solid:
    """A cylinder along z, from `z` upwards."""
    return Manifold.cylinder(length, diameter / 2.0, circular_segments=SEGMENTS).translate((0.0, 0.0, z))


def cone(low: float, high: float, length: float, z: float = 0.0) -> Solid:
    """A truncated cone along z between two diameters."""
    return Manifold.cylinder(length, low / 2.0, high / 2.0, SEGMENTS).translate((0.0, 0.0, z))


def tube(outer: float, inner: float, length: float, z: float = 0.0) -> Solid:
    return rod(outer, length, z) - drill(inner, length, z)


def drill(diameter: float, length: float, z: float = 0.0) -> Solid:
    """A rod to cut a through hole with: longer than `length` on both sides."""
    return rod(diameter, length + 2.0 * CUT, z - CUT)


def block(x: float, y: float, height: float, z: float = 0.0) -> Solid:
    return Manifold.cube((x, y, height)).translate((-x / 2.0, -y / 2.0, z))


def prism(outline: CrossSection | Sequence[Point], height: float, z: float = 0.0) -> Solid:
    """An outline in x, y (counter-clockwise) drawn out along z."""
    section = outline if isinstance(outline, CrossSection) else CrossSection([list(outline)])
    return Manifold.extrude(section, height).translate((0.0, 0.0, z))


def turned(profile: Sequence[Point], angle: float = 360.0) -> Solid:
    """A profile of (radius, z) points, turned about z by `angle`."""
    return Manifold.revolve(CrossSection([list(profile)]), SEGMENTS, angle)


def stacked(*pieces: tuple[float, float, float]) -> Solid:
    """Coaxial (diameter below, diameter above, length) pieces from z = 0 upwards, turned as one."""
    profile: list[Point] = [(0.0, 0.0)]
    z = 0.0
    for low, high, length in pieces:
        profile += [(low / 2.0, z), (high / 2.0, z + length)]
        z += length
    return turned([*dict.fromkeys([*profile, (0.0, z)])])


def bend(outline: CrossSection, radius: float, angle: float) -> Solid:
    """An outline swept along an arc about z, `radius` from it; starts at y = 0."""
    return Manifold.revolve(outline.translate((radius, 0.0)), max(8, round(SEGMENTS * angle / 360.0)), angle)


def hexagon(across_flats: float) -> list[Point]:
    corner = across_flats / math.sqrt(3.0)
    return [(corner * math.cos(i * math.pi / 3.0), corner * math.sin(i * math.pi / 3.0)) for i in range(6)]


def rounded(x: float, y: float, radius: float) -> CrossSection:
    """A rectangle with rounded corners, centred."""
    corner, dx, dy = disc(2.0 * radius, 24), x / 2.0 - radius, y / 2.0 - radius
    return CrossSection.batch_hull([corner.translate((sx * dx, sy * dy)) for sx in (-1, 1) for sy in (-1, 1)])


def slot(length: float, width: float) -> CrossSection:
    """Two half discs joined, `length` between their centres along x, centred."""
    end = disc(width)
    return CrossSection.batch_hull([end.translate((-length / 2.0, 0.0)), end.translate((length / 2.0, 0.0))])


def disc(diameter: float, segments: int = SEGMENTS) -> CrossSection:
    return CrossSection.circle(diameter / 2.0, segments)


def around(solid: Solid, count: int, radius: float = 0.0) -> Solid:
    """`count` copies of a solid, moved out by `radius` along x and spread evenly about z."""
    moved = solid.translate((radius, 0.0, 0.0))
    return Manifold.batch_boolean([moved.rotate((0.0, 0.0, 360.0 * i / count)) for i in range(count)], OpType.Add)


def lying(solid: Solid) -> Solid:
    """z turned into x."""
    return solid.rotate((0.0, 90.0, 0.0))
