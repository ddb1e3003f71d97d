"""Every family of generated parts, and how a row of a family becomes a mesh.

A family is a module with FAMILY (its name and category), LIBRARY and HELD_OUT (label -> dimensions in millimetres)
and `build(**dimensions)`. LIBRARY parts may be trained on. HELD_OUT parts are other sizes and proportions of the same
families, and families that the library lacks altogether (hook, fan, wing_nut), which a system should refuse.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any, Literal

import numpy as np

from srclib_ros.errors import MeshError
from srclib_ros.geometry.mesh import PartMesh, centred
from srclib_ros.simulation.parts import (
    bearing_block,
    bushing,
    cap,
    clevis,
    elbow,
    fan,
    flange,
    hex_bolt,
    hex_nut,
    hole_plate,
    hook,
    housing,
    l_bracket,
    lever,
    pin,
    pipe,
    plug,
    pulley,
    ring,
    socket_screw,
    spur_gear,
    stepped_shaft,
    tee,
    washer,
    wing_nut,
)

FAMILIES: tuple[ModuleType, ...] = (
    hex_bolt,
    socket_screw,
    hex_nut,
    washer,
    stepped_shaft,
    ring,
    bushing,
    spur_gear,
    l_bracket,
    pipe,
    elbow,
    tee,
    hole_plate,
    plug,
    cap,
    housing,
    pin,
    flange,
    pulley,
    clevis,
    lever,
    bearing_block,
    hook,
    fan,
    wing_nut,
)
STRANGERS = tuple(family.FAMILY for family in FAMILIES if not family.LIBRARY)
JITTER = 0.04

Split = Literal["library", "held_out"]


def generate_parts(seed: int = 0, split: Split = "library") -> list[PartMesh]:
    """The parts of one split, always in the same order and under the same names ("hex_bolt_m8x40").

    Seed 0 gives the nominal sizes; any other seed varies every length by up to 4 % either way.
    """
    if split not in ("library", "held_out"):
        raise MeshError(f"unknown split {split!r}; known: library, held_out")
    rng = np.random.default_rng(seed) if seed else None
    return [
        _part(family, label, _vary(dimensions, rng))
        for family in FAMILIES
        for label, dimensions in (family.LIBRARY if split == "library" else family.HELD_OUT).items()
    ]


def _vary(dimensions: dict[str, Any], rng: np.random.Generator | None) -> dict[str, Any]:
    """Lengths are floats and vary; counts are ints and stay."""
    if rng is None:
        return dimensions
    return {
        name: value * rng.uniform(1.0 - JITTER, 1.0 + JITTER) if isinstance(value, float) else value
        for name, value in dimensions.items()
    }


def _part(family: ModuleType, label: str, dimensions: dict[str, Any]) -> PartMesh:
    mesh = family.build(**dimensions).to_mesh64()
    # in the precision of an STL file, so that a part that was written and read is the same
    corners = np.asarray(mesh.vert_properties)[:, :3].astype(np.float32)
    vertices, merged = np.unique(corners, axis=0, return_inverse=True)
    faces = merged.reshape(-1)[np.asarray(mesh.tri_verts, np.int64)]
    faces = faces[(faces != np.roll(faces, 1, axis=1)).all(axis=1)]
    return centred(f"{family.FAMILY}_{label}", family.FAMILY, vertices.astype(np.float64) * 1e-3, faces)
