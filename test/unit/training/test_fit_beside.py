"""What stands beside the network: by hand, and by what it is for."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from srclib_ros.embedding.discriminants import Discriminants
from srclib_ros.embedding.local_patches import PatchShape, patch_moments
from srclib_ros.embedding.point_pairs import LENGTH, LENGTH_M, PairShape, pair_histograms
from srclib_ros.embedding.preprocess import canonicalise
from srclib_ros.embedding.surfels import surfels
from srclib_ros.errors import TrainingError
from srclib_ros.geometry.oriented import oriented
from srclib_ros.training.discriminants import telling
from srclib_ros.training.fit_beside import fit_beside, fit_pairs, fit_patches
from srclib_ros.training.views import ViewSet
from srclib_ros.types import FloatArray

PAIRS, PATCHES = PairShape(64, 32, 4, 3), PatchShape(points=128, seeds=16, components=6, words=3, dim=4)


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


def test_pairs_of_one_shape_lie_nearer_than_in_the_histogram(views: ViewSet) -> None:
    pairs = fit_pairs(PAIRS, views, seed=0)
    assert pairs.free.axes.shape == (LENGTH, 4)
    assert pairs.metric.axes.shape == (LENGTH_M, 3)
    clouds = list(views.points)
    canonical = canonicalise(clouds, 64)
    counted = pair_histograms(surfels(clouds, canonical, 64), canonical.size_m, 32)
    for axes, plain in ((pairs.free, counted.free), (pairs.metric, counted.metric)):
        assert_tells_more(axes, plain)


def test_patches_of_one_shape_lie_nearer_than_their_fisher_vectors(views: ViewSet) -> None:
    found = fit_patches(PATCHES, views, seed=0)
    clouds = list(views.points)
    canonical = canonicalise(clouds, 64)
    seen = surfels(clouds, canonical, 128)
    assert_tells_more(found.telling, found.words.fisher(patch_moments(seen, canonical.size_m, 16)))
    np.testing.assert_allclose(np.square(found.describe(seen, canonical.size_m)).sum(axis=1), 0.2, rtol=1e-4)
    again = fit_patches(PATCHES, views, seed=0)
    np.testing.assert_array_equal(found.telling.axes, again.telling.axes)


def assert_tells_more(axes: Discriminants, plain: FloatArray) -> None:
    """Than the same rows with their mean taken away."""
    away = plain - axes.mean
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    assert contrast(axes.describe(plain)) > contrast(away) + 0.1


def contrast(rows: FloatArray) -> float:
    """Mean cosine within shapes less that between them."""
    cosine = rows @ rows.T
    same = np.repeat(np.arange(5), 8)[:, None] == np.repeat(np.arange(5), 8)
    return float(cosine[same].mean() - cosine[~same].mean())


def test_more_directions_than_shapes_are_refused(views: ViewSet) -> None:
    assert fit_beside(None, None, views, seed=0) is None
    with pytest.raises(TrainingError, match="5 shapes are told apart along 4 directions, not 64"):
        fit_beside(None, PatchShape(), views, seed=0)
    with pytest.raises(TrainingError, match="add parts"):
        fit_beside(PairShape(64, 32, 4, 5), None, views, seed=0)


def test_discriminants_of_two_directions_by_hand() -> None:
    """Shapes spread evenly along both axes; within one shape the first wavers more, so the second tells more."""
    axes = telling(np.eye(2), np.diag([3.0, 1.0]), 1)
    # half shrunk towards 2 and 2, the spread within is 2.5 and 1.5
    np.testing.assert_allclose(np.abs(axes), [[0.0], [1.0 / np.sqrt(1.5)]], atol=1e-12)
