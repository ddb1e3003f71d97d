from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree
from support.grasp_parts import boxes

from srclib_ros.geometry.mesh import sample_surface
from srclib_ros.rendering.surface import mesh_surface


def test_points_cover_a_mesh_without_gaps_and_lie_on_it(rng: np.random.Generator) -> None:
    mesh = boxes(((0, 0, 0), (0.06, 0.02, 0.004)))
    points, normals = mesh_surface(mesh.vertices, mesh.faces, 0.001)
    anywhere, _ = sample_surface(mesh, 2000, rng)
    away, _ = cKDTree(points).query(anywhere)
    assert away.max() < 0.001
    half = mesh.extents_m / 2
    side = np.abs(np.abs(points) - half) < 1e-9
    assert side.any(axis=1).all()
    np.testing.assert_allclose((points * normals).sum(axis=1), (half * np.abs(normals)).sum(axis=1), atol=1e-9)


def test_slivers_take_few_points_and_faces_without_an_area_none() -> None:
    vertices = np.array([(0, 0, 0), (1, 0, 0), (1, 0.001, 0), (0.5, 0, 0)])
    points, normals = mesh_surface(vertices, np.array([(0, 1, 2), (0, 1, 3), (1, 1, 2)]), 0.01)
    assert 90 < len(points) < 110
    np.testing.assert_allclose(normals, np.tile([0, 0, 1], (len(points), 1)), atol=1e-9)
    assert len(mesh_surface(vertices, np.array([(0, 1, 3)]), 0.01)[0]) == 0
