"""Histograms of point pairs: counted by hand, unmoved by turning and scaling, signs of normals ignored."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy.spatial.transform import Rotation

from srclib_ros.embedding.discriminants import Discriminants
from srclib_ros.embedding.point_pairs import (
    COSINES,
    DISTANCES,
    DISTANCES_M,
    FARTHEST_M,
    LENGTH,
    LENGTH_M,
    LONGEST,
    NEAREST_M,
    PairEmbedding,
    PairHistograms,
    PairShape,
    pair_histograms,
)
from srclib_ros.embedding.preprocess import canonicalise
from srclib_ros.embedding.surfels import surfels
from srclib_ros.geometry.oriented import oriented, rows_of
from srclib_ros.types import FloatArray


def counted(points: list[list[float]], normals: list[list[float]]) -> dict[tuple[int, ...], float]:
    """Bins of the histogram free of scale that hold anything, and their shares."""
    (found,) = pair_histograms(oriented_batch(points, normals), np.ones(1, np.float32), 1).free
    return filled(found, DISTANCES)


def oriented_batch(points: list[list[float]], normals: list[list[float]]) -> FloatArray:
    return oriented(np.float32(points), np.float32(normals))[None]


def histograms(clouds: list[FloatArray], points: int = 512) -> PairHistograms:
    canonical = canonicalise(clouds, 128)
    return pair_histograms(surfels(clouds, canonical, points), canonical.size_m, 16)


def filled(histogram: FloatArray, distances: int) -> dict[tuple[int, ...], float]:
    bins = distances, *COSINES
    return {tuple(map(int, np.unravel_index(at, bins))): float(histogram[at]) ** 2 for at in np.flatnonzero(histogram)}


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
    one, two = int(1.0 / LONGEST * DISTANCES), int(2.0 / LONGEST * DISTANCES)
    side_by_side = (one, 0, 0, 7)  # both normals square to the line, parallel
    assert found == pytest.approx({side_by_side: 1 / 3, (one, 0, 3, 4): 1 / 3, (two, 0, 3, 4): 1 / 3})


def test_two_perpendicular_planes_by_hand() -> None:
    """A point on the floor, one on a wall as far ahead as up: both angles to the line 45 degrees, normals at 90."""
    found = counted([[-0.5, 0, -0.5], [0.5, 0, 0.5]], [[0, 0, 1], [-1, 0, 0]])
    assert found == pytest.approx({(int(np.sqrt(2.0) / LONGEST * DISTANCES), 2, 2, 4): 1.0})


def test_metric_distances_count_evenly_by_logarithm() -> None:
    """Side by side on one plate, so that the cosines are 0, 0 and 1: only the distance tells the pairs apart."""
    apart_m = oriented_batch([[0, 0, 0], [0.01, 0, 0], [0.5, 0, 0]], [[0, 0, 1]] * 3)
    octave = int(np.log(0.01 / NEAREST_M) / np.log(FARTHEST_M / NEAREST_M) * DISTANCES_M)
    for size_m in (0.1, 0.3):
        (found,) = pair_histograms(apart_m, np.float32([size_m]), 1).metric
        assert filled(found, DISTANCES_M) == pytest.approx(
            {(octave, 0, 0, 7): 1 / 3, (DISTANCES_M - 1, 0, 0, 7): 2 / 3}
        )


def test_what_is_hidden_moves_the_metric_histogram_less(cloud: FloatArray) -> None:
    """A strip off one end makes the cloud smaller, and with it every distance as a share of its size."""
    longest = cloud[np.argsort(cloud[:, 0])]
    part = longest[: int(0.8 * len(longest))]
    found = histograms([longest, part], 512)
    assert found.metric[0] @ found.metric[1] > found.free[0] @ found.free[1]


def test_facing_pairs_are_not_pairs_that_look_the_same_way() -> None:
    apart = [[-1.0, 0.0, 0.0], [1.0, 0.0, 0.0]]
    ((facing, _),) = counted(apart, [[0.6, 0.8, 0], [-0.6, 0.8, 0]]).items()
    ((alike, _),) = counted(apart, [[0.6, 0.8, 0], [0.6, 0.8, 0]]).items()
    assert facing != alike


def test_the_sign_of_a_normal_does_not_matter(cloud: FloatArray, rng: np.random.Generator) -> None:
    flipped = cloud.copy()
    flipped[:, 3:] *= rng.choice([-1.0, 1.0], (len(cloud), 1)).astype(np.float32)
    one, other = histograms([cloud, flipped], 128).free
    assert one @ other > 0.999


def test_turning_and_scaling_change_nothing(cloud: FloatArray, rng: np.random.Generator) -> None:
    turn = Rotation.random(rng=rng).as_matrix().astype(np.float32)
    moved = oriented(2.0 * cloud[:, :3] @ turn.T + np.float32([0.1, 0.2, 0.6]), cloud[:, 3:] @ turn.T)
    one, other = histograms([cloud, moved], 256).free
    assert np.linalg.norm(one) == pytest.approx(1.0, abs=1e-5)
    assert one @ other > 0.99


def test_a_bare_cloud_gets_its_normals_from_its_points(cloud: FloatArray) -> None:
    clouds = [cloud, cloud[:, :3]]
    one, other = histograms(clouds, 128).free
    assert one @ other > 0.9


def test_points_without_normals_are_in_no_pair(cloud: FloatArray) -> None:
    blind = cloud.copy()
    blind[::2, 3:] = np.nan
    nothing = cloud.copy()
    nothing[:, 3:] = np.nan
    found = histograms([cloud, blind, nothing], 256)
    for seeing, half, none in (found.free, found.metric):
        assert seeing @ half > 0.93
        assert not none.any()


def test_a_few_known_normals_still_make_pairs(cloud: FloatArray) -> None:
    blind = cloud.copy()
    blind[np.arange(len(cloud)) % 50 != 0, 3:] = np.nan
    found = histograms([blind], 512)
    assert np.linalg.norm(found.free[0]) == pytest.approx(1.0, abs=1e-5)


def test_their_lengths_are_their_shares(cloud: FloatArray, rng: np.random.Generator) -> None:
    free, metric = (
        Discriminants(np.full(length, 0.01, np.float32), rng.standard_normal((length, dim)).astype(np.float32))
        for length, dim in ((LENGTH, 8), (LENGTH_M, 6))
    )
    pairs = PairEmbedding(PairShape(64, 16, 8, 6, 0.25, 0.5), free, metric)
    blind = cloud.copy()
    blind[:, 3:] = np.nan
    clouds = [cloud, cloud[:200], blind]
    canonical = canonicalise(clouds, 128)
    of_free, of_metric = pairs.describe(surfels(clouds, canonical, 64), canonical.size_m)
    np.testing.assert_allclose(np.square(of_free).sum(axis=1), [0.25, 0.25, 0.0], rtol=1e-5)
    np.testing.assert_allclose(np.square(of_metric).sum(axis=1), [0.5, 0.5, 0.0], rtol=1e-5)


def test_a_dense_bare_cloud_has_the_normals_of_a_thinned_one(rng: np.random.Generator) -> None:
    """A level plate of 50 mm with 0.4 mm of noise: 20 neighbours among 40,000 points would be noise alone."""
    dense = (rng.random((40_000, 3)) * [0.05, 0.05, 0.0] + rng.normal(0.0, 4e-4, (40_000, 3))).astype(np.float32)
    found = rows_of(dense, np.arange(0, 40_000, 400))
    assert found.shape == (100, 6)
    assert np.median(np.abs(found[:, 5])) > np.cos(0.15)
