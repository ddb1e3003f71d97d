"""The canonical frame: rotation, order and scale of the points do not matter."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from srclib_ros.embedding.preprocess import canonicalise
from srclib_ros.errors import CloudError, EmptyCloudError
from srclib_ros.types import FloatArray

SIGNS = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]], np.float32)


@pytest.fixture
def brick(rng: np.random.Generator) -> FloatArray:
    """300 points in a lopsided brick, 60 x 30 x 10 mm."""
    return (rng.random((300, 3)) ** 1.5 * [0.06, 0.03, 0.01] + [0.1, -0.2, 0.6]).astype(np.float32)


def as_set(points: FloatArray) -> FloatArray:
    """Points in an order that does not depend on the one they came in, up to the four poses."""
    poses = points[None] * SIGNS[:, None]
    return np.stack([pose[np.argsort(pose[:, 0], kind="stable")] for pose in poses])


def test_mean_nought_and_size_one(brick: FloatArray) -> None:
    canonical = canonicalise([brick], len(brick))
    np.testing.assert_allclose(canonical.points[0].mean(axis=0), 0.0, atol=1e-4)
    assert (canonical.points[0] ** 2).sum(axis=1).mean() == pytest.approx(1.0, rel=1e-3)
    spread = canonical.points[0].std(axis=0)
    assert spread[0] > spread[1] > spread[2]


def test_size_is_the_root_mean_square_distance_to_the_centroid() -> None:
    cross = np.float32([[0.03, 0, 0], [-0.03, 0, 0], [0, 0.01, 0], [0, -0.01, 0]])
    assert canonicalise([cross + np.float32([0, 0, 0.5])], 4).size_m[0] == pytest.approx(np.sqrt(0.0005), rel=1e-4)


def test_a_rotated_moved_scaled_shuffled_cloud_is_the_same_up_to_the_four_poses(
    brick: FloatArray, rng: np.random.Generator
) -> None:
    turn = Rotation.random(rng=rng).as_matrix().astype(np.float32)
    moved = rng.permutation(3.0 * (brick - brick.mean(axis=0)) @ turn.T + np.float32([1.0, 2.0, 3.0]))
    here, there = canonicalise([brick], 300), canonicalise([moved], 300)
    assert there.size_m[0] == pytest.approx(3.0 * here.size_m[0], rel=1e-3)
    apart = [np.abs(pose - as_set(here.points[0])[0]).max() for pose in as_set(there.points[0])]
    assert min(apart) < 1e-2


def test_thinned_evenly_and_repeated_where_too_few(brick: FloatArray) -> None:
    thin = canonicalise([brick], 30).points[0]
    assert len(np.unique(thin, axis=0)) == 30
    repeated = canonicalise([brick[:50]], 100).points[0]
    assert len(np.unique(repeated, axis=0)) == 50


def test_the_order_of_the_points_does_not_matter(brick: FloatArray, rng: np.random.Generator) -> None:
    plain, shuffled = canonicalise([brick, rng.permutation(brick)], 64).points
    apart = [np.abs(pose - as_set(plain)[0]).max() for pose in as_set(shuffled)]
    assert min(apart) < 1e-3


@pytest.mark.parametrize(
    ("cloud", "error", "words"),
    [
        (np.zeros((0, 3), np.float32), EmptyCloudError, "no points"),
        (np.zeros((2, 3), np.float32), CloudError, "at least 4"),
        (np.zeros((9, 3), np.float32), CloudError, "coincide"),
        (np.full((9, 3), np.nan, np.float32), CloudError, "finite"),
        (np.zeros((3, 640), np.float32), CloudError, r"\(N, 3\)"),
    ],
    ids=["empty", "too few", "one place", "nan", "shape"],
)
def test_clouds_that_show_no_shape(cloud: FloatArray, error: type[CloudError], words: str) -> None:
    with pytest.raises(error, match=words):
        canonicalise([cloud], 16)
