"""A small part that no turn leaves as it is, as a mesh and as an object model with made-up candidates."""

from __future__ import annotations

import numpy as np

from srclib_ros.geometry.mesh import PartMesh, centred, sample_surface
from srclib_ros.grasping.candidates import GraspCandidates
from srclib_ros.grasping.object_model import ObjectModel
from srclib_ros.types import Matrix

_BOX_FACES = np.array(
    [(0, 1, 3), (0, 3, 2), (4, 6, 7), (4, 7, 5), (0, 4, 5), (0, 5, 1), (2, 3, 7), (2, 7, 6), (0, 2, 6), (0, 6, 4),
     (1, 5, 7), (1, 7, 3)]
)  # fmt: skip


def boxes(*low_high: tuple[tuple[float, float, float], tuple[float, float, float]]) -> PartMesh:
    """Boxes given by two corners each, in metres, as one mesh."""
    unit = np.array([(i, j, k) for i in (0, 1) for j in (0, 1) for k in (0, 1)], np.float64)
    vertices = np.concatenate([np.asarray(low) + unit * np.subtract(high, low) for low, high in low_high])
    faces = np.concatenate([_BOX_FACES + 8 * i for i in range(len(low_high))])
    return centred("bent_plate", "bracket", vertices, faces)


def bent_plate() -> PartMesh:
    return boxes(((0, 0, 0), (0.05, 0.03, 0.006)), ((0.044, 0.004, 0.006), (0.05, 0.024, 0.03)))


def object_model(mesh: PartMesh, candidates: int = 3, symmetry: Matrix | None = None) -> ObjectModel:
    rng = np.random.default_rng(0)
    points, normals = sample_surface(mesh, 2048, rng)
    group = np.eye(4)[None] if symmetry is None else symmetry
    T_object_tcp = np.tile(np.diag([1.0, -1.0, -1.0, 1.0]), (candidates, 1, 1))
    grasps = GraspCandidates(T_object_tcp, np.full(candidates, 0.01), np.linspace(1, 0.5, candidates), "jaw", group)
    return ObjectModel(
        mesh.name, mesh.category, mesh.diameter_m, mesh.vertices.astype(np.float32), mesh.faces, points, normals, group,
        grasps,
    )  # fmt: skip
