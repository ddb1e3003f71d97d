"""Histograms of point pairs: counted by hand, unmoved by turning and scaling, signs of normals ignored."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy.spatial.transform import Rotation

from srclib_ros.embedding.point_pairs import (
    BINS,
    LENGTH,
    LONGEST,
    PairEmbedding,
    PairShape,
    histograms,
    pair_histograms,
)
from srclib_ros.embedding.preprocess import canonicalise
from srclib_ros.geometry.oriented import oriented, rows_of
from srclib_ros.types import FloatArray


def counted(points: list[list[float]], normals: list[list[float]]) -> dict[tuple[int, ...], float]:
    """Bins that hold anything, and their shares."""
    (found,) = pair_histograms(np.float32([points]), np.float32([normals]))
    return {tuple(map(int, np.unravel_index(at, BINS))): float(found[at]) ** 2 for at in np.flatnonzero(found)}


def unit(rows: npt.NDArray[np.floating]) -> FloatArray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def cloud(rng: np.random.Generator) -> FloatArray:
    """Points on half an egg, with normals: no two of them in one plane."""
    points = unit(rng.standard_normal((400, 3)) * [1.0, 1.0, 0.6])
    points[:, 2] = np.abs(points[:, 2])
    axes = np.float32([0.05, 0.03, 0.02])
    return oriented(points * axes, unit(points / axes))


def test_three_pairs_by_hand() -> None:
    # two points of one plate, one beside them whose normal points along the line: the distances are 1, 2 and 1
    found = counted([[-1, 0, 0], [0, 0, 0], [1, 0, 0]], [[0, 0, 1], [0, 0, 1], [1, 0, 0]])
    one, two = int(1.0 / LONGEST * BINS[0]), int(2.0 / LONGEST * BINS[0])
    side_by_side = (one, 0, 0, 7)  # both normals square to the line, parallel
    assert found == pytest.approx({side_by_side: 1 / 3, (one, 0, 3, 4): 1 / 3, (two, 0, 3, 4): 1 / 3})


def test_two_perpendicular_planes_by_hand() -> None:
    """A point on the floor, one on a wall as far ahead as up: both angles to the line 45 degrees, normals at 90."""
    found = counted([[-0.5, 0, -0.5], [0.5, 0, 0.5]], [[0, 0, 1], [-1, 0, 0]])
    assert found == pytest.approx({(int(np.sqrt(2.0) / LONGEST * BINS[0]), 2, 2, 4): 1.0})


def test_facing_pairs_are_not_pairs_that_look_the_same_way() -> None:
    apart = [[-1.0, 0.0, 0.0], [1.0, 0.0, 0.0]]
    ((facing, _),) = counted(apart, [[0.6, 0.8, 0], [-0.6, 0.8, 0]]).items()
    ((alike, _),) = counted(apart, [[0.6, 0.8, 0], [0.6, 0.8, 0]]).items()
    assert facing != alike


def test_the_sign_of_a_normal_does_not_matter(cloud: FloatArray, rng: np.random.Generator) -> None:
    flipped = cloud.copy()
    flipped[:, 3:] *= rng.choice([-1.0, 1.0], (len(cloud), 1)).astype(np.float32)
    canonical = canonicalise([cloud, flipped], 128)
    one, other = histograms([cloud, flipped], canonical, 128)
    assert one @ other > 0.999


def test_turning_and_scaling_change_nothing(cloud: FloatArray, rng: np.random.Generator) -> None:
    turn = Rotation.random(rng=rng).as_matrix().astype(np.float32)
    moved = oriented(2.0 * cloud[:, :3] @ turn.T + np.float32([0.1, 0.2, 0.6]), cloud[:, 3:] @ turn.T)
    one, other = histograms([cloud, moved], canonicalise([cloud, moved], 128), 128)
    assert np.linalg.norm(one) == pytest.approx(1.0, abs=1e-5)
    assert one @ other > 0.99


def test_a_bare_cloud_gets_its_normals_from_its_points(cloud: FloatArray) -> None:
    clouds = [cloud, cloud[:, :3]]
    one, other = histograms(clouds, canonicalise(clouds, 128), 128)
    assert one @ other > 0.9


def test_points_without_normals_are_in_no_pair(cloud: FloatArray) -> None:
    blind = cloud.copy()
    blind[::2, 3:] = np.nan
    nothing = cloud.copy()
    nothing[:, 3:] = np.nan
    seeing, half, none = histograms([cloud, blind, nothing], canonicalise([cloud, blind, nothing], 128), 128)
    assert seeing @ half > 0.95
    assert not none.any()


def test_joined_to_a_network_they_are_their_share_of_the_cosine(cloud: FloatArray, rng: np.random.Generator) -> None:
    axes = rng.standard_normal((LENGTH, 8)).astype(np.float32)
    pairs = PairEmbedding(PairShape(64, 8, 0.25), np.zeros(LENGTH, np.float32), axes)
    clouds = [cloud, cloud[:200]]
    network = np.float32([[1.0, 0.0], [0.0, 1.0]])
    joined = pairs.joined(network, pairs.describe(clouds, canonicalise(clouds, 128)))
    np.testing.assert_allclose(np.linalg.norm(joined, axis=1), 1.0, rtol=1e-5)
    np.testing.assert_allclose(np.square(joined[:, 2:]).sum(axis=1), 0.25, rtol=1e-5)


def test_a_cloud_without_normals_is_the_networks_alone(cloud: FloatArray, rng: np.random.Generator) -> None:
    axes = rng.standard_normal((LENGTH, 8)).astype(np.float32)
    pairs = PairEmbedding(PairShape(64, 8, 0.25), np.ones(LENGTH, np.float32), axes)
    blind = cloud.copy()
    blind[:, 3:] = np.nan
    network = np.float32([[0.6, 0.8]])
    joined = pairs.joined(network, pairs.describe([blind], canonicalise([blind], 128)))
    np.testing.assert_allclose(joined, [[0.6, 0.8, *np.zeros(8)]], rtol=1e-6)


def test_a_dense_bare_cloud_has_the_normals_of_a_thinned_one(rng: np.random.Generator) -> None:
    """A level plate of 50 mm with 0.4 mm of noise: 20 neighbours among 40,000 points would be noise alone."""
    dense = (rng.random((40_000, 3)) * [0.05, 0.05, 0.0] + rng.normal(0.0, 4e-4, (40_000, 3))).astype(np.float32)
    found = rows_of(dense, np.arange(0, 40_000, 400))
    assert found.shape == (100, 6)
    assert np.median(np.abs(found[:, 5])) > np.cos(0.15)
