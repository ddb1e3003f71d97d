"""Volume, centre of mass and inertia of a closed surface."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import ConvexHull

from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.types import Matrix

DENSITY_KG_M3 = 2700.0
"""Of a part whose material nobody named: aluminium."""


@dataclass(frozen=True, eq=False)
class Inertia:
    """volume_m3; centre: (3,) metres, object frame; tensor: (3, 3) m^5 about the centre, at unit density."""

    volume_m3: float
    centre: Matrix
    tensor: Matrix


def inertia(mesh: PartMesh) -> Inertia:
    """Of the body that the mesh encloses; of its convex hull when it encloses none.

    Each face makes a tetrahedron with the origin, whose moments are summed (Tonon 2005).
    """
    corners = mesh.vertices[mesh.faces]
    if not mesh.watertight:
        hull = ConvexHull(mesh.vertices)
        corners = mesh.vertices[hull.simplices]
        inward = np.einsum("ij,ij->i", np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]),
                           corners.mean(axis=1) - mesh.vertices[hull.vertices].mean(axis=0)) < 0.0  # fmt: skip
        corners[inward] = corners[inward, ::-1]
    volumes = np.linalg.det(corners) / 6.0
    volume = float(volumes.sum())
    total = corners.sum(axis=1)
    centre = (volumes @ total) / (4.0 * volume)
    second = np.einsum("f,fki,fkj->ij", volumes, corners, corners) + np.einsum("f,fi,fj->ij", volumes, total, total)
    second = second / 20.0 - volume * np.outer(centre, centre)
    return Inertia(volume, centre, np.trace(second) * np.eye(3) - second)
