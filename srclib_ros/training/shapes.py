"""Endless random machine-like shapes, so that the encoder learns what shape is and not a catalogue of parts.

Surfaces overlap where bodies join: enough for a camera, which sees only the outside.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from srclib_ros.geometry.mesh import PartMesh, centred
from srclib_ros.types import Matrix

RANDOM = "random"  # the category of what is made up here
MIN_DIAMETER_M, MAX_DIAMETER_M = 0.02, 0.15


def random_shapes(count: int, rng: np.random.Generator) -> list[PartMesh]:
    """`count` parts named shape_0000 ..., 20 to 150 mm across, each of one of a few ways of making things."""
    makers: tuple[Callable[[np.random.Generator], list[Any]], ...] = (_turned, _turned, _stacked, _stacked, _profile)
    parts = []
    for index in range(count):
        maker = makers[int(rng.integers(len(makers)))]
        parts.append(_as_part(f"shape_{index:04d}", maker(rng), rng))
    return parts


def simple_shapes(count: int, rng: np.random.Generator) -> list[PartMesh]:
    """`count` boxes, cylinders, prisms and rings of the same sizes, named simple_0000 ...: parts without pieces."""
    return [_as_part(f"simple_{index:04d}", [_body(rng)], rng) for index in range(count)]


def stretched(part: PartMesh, name: str, rng: np.random.Generator) -> PartMesh:
    """A sibling of `part` with other proportions: each axis times a factor between 0.65 and 1.5."""
    factors = np.exp(rng.uniform(np.log(0.65), np.log(1.5), 3))
    return centred(name, part.category, part.vertices * factors, part.faces)


def _as_part(name: str, bodies: list[Any], rng: np.random.Generator) -> PartMesh:
    import trimesh

    mesh = trimesh.util.concatenate(bodies)
    wanted = np.exp(rng.uniform(np.log(MIN_DIAMETER_M), np.log(MAX_DIAMETER_M)))
    vertices = np.asarray(mesh.vertices) * (wanted / np.linalg.norm(np.ptp(mesh.vertices, axis=0)))
    return centred(name, RANDOM, vertices, mesh.faces)


def _turned(rng: np.random.Generator) -> list[Any]:
    """A turned part: steps, cones and grooves along one axis, hollow or not, sometimes with a flat-sided head."""
    import trimesh

    steps = int(rng.integers(1, 5))
    heights = np.cumsum(rng.uniform(0.1, 1.0, steps) * rng.choice([0.3, 1.0, 2.0]))
    bore = float(rng.uniform(0.2, 0.8)) if rng.random() < 0.5 else 0.0
    outer, z = [], 0.0
    for top in heights:
        radius = float(rng.uniform(0.25, 1.0))
        outer += [(radius, z), (radius * float(rng.choice([1.0, 1.0, rng.uniform(0.5, 1.0)])), float(top))]
        z = float(top)
    inner_radius = bore * min(radius for radius, _ in outer)
    profile = [(inner_radius, 0.0), *outer, (inner_radius, z), (inner_radius, 0.0)]
    sections = int(rng.choice([32, 32, 32, 6, 4, 8]))
    bodies = [trimesh.creation.revolve(np.array(profile), sections=sections)]
    if rng.random() < 0.35:
        sides, thickness = int(rng.choice([4, 6, 6, 8])), float(rng.uniform(0.1, 0.6))
        head = trimesh.creation.cylinder(float(rng.uniform(0.8, 1.6)), thickness, sections=sides)
        bodies.append(head.apply_translation([0.0, 0.0, -thickness / 2.0]))
    return bodies


def _stacked(rng: np.random.Generator) -> list[Any]:
    """Boxes, cylinders and rings grown out of one another along the axes: brackets, housings, plugs, tees."""
    bodies = [_body(rng)]
    for _ in range(int(rng.integers(1, 5))):
        host = bodies[int(rng.integers(len(bodies)))]
        grown = _body(rng, scale=float(rng.uniform(0.3, 1.0)))
        low, high = host.bounds
        place = rng.uniform(low, high)
        axis, side = int(rng.integers(3)), int(rng.integers(2))
        grown_low, grown_high = grown.bounds
        place[axis] = high[axis] - 0.9 * grown_low[axis] if side else low[axis] - 0.9 * grown_high[axis]
        if rng.random() < 0.5:
            keep = np.arange(3) != axis
            place[keep] = ((low + high) / 2.0)[keep]
        bodies.append(grown.apply_translation(place))
    return bodies


def _profile(rng: np.random.Generator) -> list[Any]:
    """A flat outline given thickness: angles, channels, plates with arms, star and gear rims."""
    import trimesh

    length = float(rng.choice([0.15, 0.4, 1.0, 2.0]))
    if rng.random() < 0.4:
        teeth = int(rng.integers(3, 24))
        wheel = trimesh.creation.annulus(float(rng.uniform(0.1, 0.7)), 1.0, length, sections=48)
        depth, width = float(rng.uniform(0.1, 0.5)), float(rng.uniform(0.3, 1.2)) * np.pi / teeth
        bodies = [wheel]
        for turn in np.arange(teeth) * (2.0 * np.pi / teeth):
            tooth = trimesh.creation.box((depth, width, length))
            tooth.apply_translation([1.0 + 0.4 * depth, 0.0, 0.0])
            bodies.append(tooth.apply_transform(_turn_about_z(turn)))
        return bodies
    thickness = float(rng.uniform(0.08, 0.35))
    bodies, at, heading = [], np.zeros(3), 0.0
    for _ in range(int(rng.integers(2, 5))):
        reach = float(rng.uniform(0.4, 1.6))
        plate = trimesh.creation.box((reach + thickness, thickness, length))
        plate.apply_translation([reach / 2.0, 0.0, 0.0])
        plate.apply_transform(_turn_about_z(heading))
        bodies.append(plate.apply_translation(at))
        at = at + reach * np.array([np.cos(heading), np.sin(heading), 0.0])
        heading += float(rng.choice([np.pi / 2, -np.pi / 2, np.pi / 3, np.pi / 4]))
    return bodies


def _body(rng: np.random.Generator, scale: float = 1.0) -> Any:
    import trimesh

    kind = rng.random()
    if kind < 0.5:
        return trimesh.creation.box(scale * np.exp(rng.uniform(np.log(0.15), np.log(2.0), 3)))
    height, radius = scale * float(rng.uniform(0.1, 2.0)), scale * float(rng.uniform(0.15, 0.8))
    if kind < 0.75:
        body = trimesh.creation.cylinder(radius, height, sections=int(rng.choice([6, 24, 24])))
    else:
        body = trimesh.creation.annulus(radius * float(rng.uniform(0.4, 0.85)), radius, height, sections=24)
    turns = ([0, 0, 1], [0, 1, 0], [1, 0, 0])
    return body.apply_transform(trimesh.geometry.align_vectors([0, 0, 1], turns[int(rng.integers(3))]))


def _turn_about_z(angle_rad: float) -> Matrix:
    T = np.eye(4)
    T[:2, :2] = [[np.cos(angle_rad), -np.sin(angle_rad)], [np.sin(angle_rad), np.cos(angle_rad)]]
    return T
