"""The directions that tell shapes apart: by hand, and by what they are for."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from srclib_ros.embedding.point_pairs import LENGTH, LENGTH_M, PairShape, histograms
from srclib_ros.embedding.preprocess import canonicalise
from srclib_ros.geometry.oriented import oriented
from srclib_ros.training.pair_axes import discriminants, fit_pairs
from srclib_ros.training.views import ViewSet
from srclib_ros.types import FloatArray


@pytest.fixture
def views(rng: np.random.Generator) -> ViewSet:
    """Five ellipsoids of other proportions, eight samples each, of 200 points."""
    clouds = [ellipsoid(axes, rng) for axes in rng.uniform(0.01, 0.05, (5, 3)) for _ in range(8)]
    return ViewSet(np.stack(clouds), 8)


def ellipsoid(axes: npt.NDArray[np.float64], rng: np.random.Generator) -> FloatArray:
    ball = rng.standard_normal((200, 3))
    ball /= np.linalg.norm(ball, axis=1, keepdims=True)
    normals = ball / axes
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return oriented((ball * axes).astype(np.float32), normals.astype(np.float32))


def test_views_of_one_shape_lie_nearer_than_in_the_histogram(views: ViewSet, rng: np.random.Generator) -> None:
    pairs = fit_pairs(PairShape(64, 32, 4, 3), views, seed=0)
    assert pairs.free.axes.shape == (LENGTH, 4)
    assert pairs.metric.axes.shape == (LENGTH_M, 3)
    clouds = list(views.points)
    canonical = canonicalise(clouds, 64)
    counted = histograms(clouds, canonical, 64, 32)
    for axes, plain in ((pairs.free, counted.free), (pairs.metric, counted.metric)):
        away = plain - axes.mean
        away /= np.linalg.norm(away, axis=1, keepdims=True)
        assert contrast(axes.describe(plain)) > contrast(away) + 0.1


def contrast(rows: FloatArray) -> float:
    """Mean cosine within shapes less that between them."""
    cosine = rows @ rows.T
    same = np.repeat(np.arange(5), 8)[:, None] == np.repeat(np.arange(5), 8)
    return float(cosine[same].mean() - cosine[~same].mean())


def test_discriminants_of_two_directions_by_hand() -> None:
    """Shapes spread evenly along both axes; within one shape the first wavers more, so the second tells more."""
    axes = discriminants(np.eye(2), np.diag([3.0, 1.0]), 1)
    # half shrunk towards 2 and 2, the spread within is 2.5 and 1.5
    np.testing.assert_allclose(np.abs(axes), [[0.0], [1.0 / np.sqrt(1.5)]], atol=1e-12)
