"""A bin and the parts in it as MuJoCo bodies, with the contacts that piles come to rest with.

Contacts are stiff (time constant of two steps: 0.2 mm penetration) and the walls 3 cm thick, or parts tunnel.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from srclib_ros.geometry.inertia import inertia
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.simulation.convex_pieces import convex_pieces
from srclib_ros.simulation.mujoco_bodies import weigh
from srclib_ros.types import Matrix

WALL_M = 0.03
SIDES = ((0, -1), (0, 1), (1, -1), (1, 1))  # (axis, sign) of each wall
FRICTION = (0.5, 0.002, 0.0001)  # sliding, torsional (m), rolling (m)


def pile_contact(step_s: float) -> dict[str, Any]:
    """How parts, floor and walls touch each other."""
    return {
        "friction": FRICTION,
        "condim": 4,
        "solref": (2.0 * step_s, 1.0),
        "solimp": (0.95, 0.99, 0.0005, 0.5, 2.0),
    }


def add_floor(mujoco: Any, spec: Any, **contact: Any) -> None:
    spec.worldbody.add_geom(name="floor", type=mujoco.mjtGeom.mjGEOM_PLANE, size=(0.0, 0.0, 1.0), **contact)


def add_wall(
    mujoco: Any, spec: Any, name: str, side: tuple[int, int], size_m: Matrix, thick_m: float,
    low_m: float, high_m: float, **contact: Any,
) -> None:  # fmt: skip
    """A wall of the bin of inner `size_m` (3,) on one of `SIDES`, between two heights."""
    axis, sign = side
    size, at = size_m / 2.0 + thick_m, np.zeros(3)
    size[axis], at[axis] = thick_m / 2.0, sign * (size_m[axis] + thick_m) / 2.0
    size[2], at[2] = (high_m - low_m) / 2.0, (high_m + low_m) / 2.0
    spec.worldbody.add_geom(name=name, type=mujoco.mjtGeom.mjGEOM_BOX, size=size, pos=at, **contact)


def add_parts(
    mujoco: Any, spec: Any, parts: Sequence[PartMesh], gravcomp: float, fine: bool = False, **contact: Any
) -> None:
    """A free body `part0` ... for each; parts that are the same object share meshes. fine: see `convex_pieces`."""
    meshes: dict[int, tuple[list[str], Any]] = {}
    for index, part in enumerate(parts):
        if id(part) not in meshes:
            names: list[str] = []
            for vertices in convex_pieces(part, fine=fine):
                names.append(f"mesh{index}_{len(names)}")
                spec.add_mesh(name=names[-1], uservert=vertices.ravel())
            meshes[id(part)] = names, inertia(part)
        names, mass = meshes[id(part)]
        body = spec.worldbody.add_body(name=f"part{index}", explicitinertial=True, gravcomp=gravcomp)
        weigh(body, mass)
        body.add_freejoint()
        for name in names:
            body.add_geom(type=mujoco.mjtGeom.mjGEOM_MESH, meshname=name, **contact)
