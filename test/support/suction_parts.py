"""Parts whose seal under a cup of 10 mm radius anyone can tell, their top at z = 0, and cups set down on them."""

from __future__ import annotations

import manifold3d as m3
import numpy as np

from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.types import Matrix


def part_of(solid: m3.Manifold) -> PartMesh:
    """solid: in millimetres; it stays where it is."""
    mesh = solid.to_mesh64()
    return PartMesh("part", "", np.asarray(mesh.vert_properties)[:, :3] * 1e-3, np.asarray(mesh.tri_verts, np.int32))


def slab(x_mm: float, y_mm: float, z_mm: float) -> m3.Manifold:
    """Centred in x and y, its top at 0."""
    return m3.Manifold.cube((x_mm, y_mm, z_mm), True).translate((0, 0, -z_mm / 2))


def hole(diameter_mm: float, x_mm: float = 0.0, depth_mm: float = 100.0) -> m3.Manifold:
    return m3.Manifold.cylinder(depth_mm, diameter_mm / 2, diameter_mm / 2, 64).translate((x_mm, 0, 1 - depth_mm))


def cup_at(x_mm: float = 0.0, y_mm: float = 0.0, z_mm: float = 0.0, tilt_deg: float = 0.0) -> Matrix:
    """T_object_tcp of a cup that looks straight down, then leans about x."""
    c, s = np.cos(np.deg2rad(tilt_deg)), np.sin(np.deg2rad(tilt_deg))
    T = np.diag((1.0, -1.0, -1.0, 1.0))
    T[:3, :3] = np.array(((1, 0, 0), (0, c, -s), (0, s, c))) @ T[:3, :3]
    T[:3, 3] = 1e-3 * np.array((x_mm, y_mm, z_mm))
    return T
