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
from srclib_ros.training.fit_beside import check_beside, fit_beside, fit_pairs, fit_patches
from srclib_ros.training.views import ViewSet
from srclib_ros.types import FloatArray

PAIRS, PATCHES = PairShape(64, 32, 4, 3), PatchShape(points=128, seeds=16, principal=6, words=3, dim=4)


SHAPES, OF_EACH = 12, 16


@pytest.fixture
def clouds(rng: np.random.Generator) -> FloatArray:
    """(12, 16, 200, 6) of ellipsoids of other proportions."""
    return np.stack([[ellipsoid(axes, rng) for _ in range(OF_EACH)] for axes in rng.uniform(0.01, 0.05, (SHAPES, 3))])


@pytest.fixture
def views(clouds: FloatArray) -> ViewSet:
    """The first half of each shape's; the other half is to measure on."""
    return ViewSet(clouds[:, : OF_EACH // 2].reshape(-1, 200, 6), OF_EACH // 2)


def ellipsoid(axes: npt.NDArray[np.float64], rng: np.random.Generator) -> FloatArray:
    ball = rng.standard_normal((200, 3))
    ball /= np.linalg.norm(ball, axis=1, keepdims=True)
    normals = ball / axes
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return oriented((ball * axes).astype(np.float32), normals.astype(np.float32))


def test_pairs_of_one_shape_lie_nearer_than_in_the_histogram(views: ViewSet, clouds: FloatArray) -> None:
    pairs = fit_pairs(PAIRS, views, seed=0)
    assert pairs.free.axes.shape == (LENGTH, 4)
    assert pairs.metric.axes.shape == (LENGTH_M, 3)
    counted = pair_histograms(*unseen(clouds, 64), 32)
    for axes, plain in ((pairs.free, counted.free), (pairs.metric, counted.metric)):
        assert_tells_more(axes, plain)


def test_patches_of_one_shape_lie_nearer_than_their_fisher_vectors(views: ViewSet, clouds: FloatArray) -> None:
    found = fit_patches(PATCHES, views, seed=0)
    seen, size_m = unseen(clouds, 128)
    assert_tells_more(found.discriminants, found.words.fisher(patch_moments(seen, size_m, 16)))
    np.testing.assert_allclose(np.square(found.describe(seen, size_m)).sum(axis=1), 0.2, rtol=1e-4)
    again = fit_patches(PATCHES, views, seed=0)
    np.testing.assert_array_equal(found.discriminants.axes, again.discriminants.axes)


def unseen(clouds: FloatArray, points: int) -> tuple[FloatArray, FloatArray]:
    """Surfels and sizes of the views that nothing was fitted to."""
    rest = list(clouds[:, OF_EACH // 2 :].reshape(-1, 200, 6))
    canonical = canonicalise(rest, 64)
    return surfels(rest, canonical, points), canonical.size_m


def assert_tells_more(axes: Discriminants, plain: FloatArray) -> None:
    """Than the same rows with their mean taken away."""
    away = plain - axes.mean
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    assert contrast(axes.describe(plain)) > contrast(away) + 0.05


def contrast(rows: FloatArray) -> float:
    """Mean cosine within shapes less that between them."""
    cosine = rows @ rows.T
    shape = np.repeat(np.arange(SHAPES), OF_EACH // 2)
    same = shape[:, None] == shape
    return float(cosine[same].mean() - cosine[~same].mean())


def test_more_directions_than_shapes_are_refused(views: ViewSet) -> None:
    assert fit_beside(None, None, views, seed=0) is None
    with pytest.raises(TrainingError, match="12 shapes are told apart along 11 directions, not 64"):
        fit_beside(None, PatchShape(), views, seed=0)
    with pytest.raises(TrainingError, match="out of bounds"):
        check_beside(PairShape(weight=0.5), PatchShape(weight=0.5), 100)
    with pytest.raises(TrainingError, match="out of bounds"):
        check_beside(None, PatchShape(points=32, seeds=33), 100)
    with pytest.raises(TrainingError, match="add parts"):
        fit_beside(PairShape(64, 32, 4, 12), None, views, seed=0)


def test_discriminants_of_two_directions_by_hand() -> None:
    """Shapes spread evenly along both axes; within one shape the first wavers more, so the second tells more."""
    axes = telling(np.eye(2), np.diag([3.0, 1.0]), 1)
    # half shrunk towards 2 and 2, the spread within is 2.5 and 1.5
    np.testing.assert_allclose(np.abs(axes), [[0.0], [1.0 / np.sqrt(1.5)]], atol=1e-12)
