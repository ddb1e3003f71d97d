"""Normals of surfaces whose normals are known."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from srclib_ros.embedding.pointnet import PAIR_FEATURES, pair_features
from srclib_ros.embedding.surface import least_axis, surface


def test_a_sphere_bends_and_its_normals_point_outward(rng: np.random.Generator) -> None:
    points = torch.nn.functional.normalize(torch.from_numpy(rng.standard_normal((1, 600, 3))), dim=-1)
    normals, curvature = surface(points, 10)
    assert float((normals * points).sum(dim=-1).median()) > 0.99
    assert 0.0 < float(curvature.median()) < 0.05


def test_a_plane_does_not_bend(rng: np.random.Generator) -> None:
    points = torch.from_numpy(rng.standard_normal((1, 100, 3))) * torch.tensor([1.0, 1.0, 0.0])
    normals, curvature = surface(points, 8)
    torch.testing.assert_close(normals[..., 2].abs(), torch.ones(1, 100, dtype=torch.float64))
    assert float(curvature.max()) < 1e-6


def test_least_axis_is_the_eigenvector(rng: np.random.Generator) -> None:
    factors = rng.standard_normal((50, 3, 3))
    scatter = factors @ factors.transpose(0, 2, 1)
    values, vectors = np.linalg.eigh(scatter)
    axis, least, total = least_axis(torch.from_numpy(scatter))
    np.testing.assert_allclose(np.abs((axis.numpy() * vectors[:, :, 0]).sum(axis=1)), 1.0, atol=1e-6)
    np.testing.assert_allclose(least.numpy(), values[:, 0], atol=1e-6)
    np.testing.assert_allclose(total.numpy(), values.sum(axis=1))


def test_pair_features_do_not_depend_on_the_frame(rng: np.random.Generator) -> None:
    from scipy.spatial.transform import Rotation

    clouds = torch.from_numpy(rng.standard_normal((1, 40, 3)))
    turn = torch.from_numpy(Rotation.random(rng=rng).as_matrix())
    first, second = (pair_features(cloud, *surface(cloud, 6), 3) for cloud in (clouds, clouds @ turn.T))
    assert first.shape == (1, 120, PAIR_FEATURES)
    torch.testing.assert_close(first, second, atol=1e-5, rtol=1e-5)
