"""Clusters and medoids that can be read off a 6x6 distance matrix."""

from __future__ import annotations

import numpy as np
import pytest
from support.small_library import at_degrees

from srclib_ros.library.clustering import clustering as module
from srclib_ros.library.clustering.clustering import (
    Parts,
    by_first_member,
    distances_of_one,
    medoids,
    nearness,
    part_distances,
)
from srclib_ros.library.packing import packed
from srclib_ros.library.search import Gallery

# three on a line, two close together elsewhere, one far from all
POSITIONS = np.array([0.0, 1.0, 2.1, 50.0, 51.0, 500.0])
DISTANCE = np.abs(POSITIONS[:, None] - POSITIONS[None, :])


def test_the_medoid_has_the_smallest_sum_of_distances() -> None:
    assert medoids(DISTANCE, np.array([0, 0, 0, 1, 1, -1])) == {0: 1, 1: 3}


def test_part_distances_are_symmetric_and_ignore_size() -> None:
    gallery = Gallery(
        np.stack([at_degrees(0.0, 90.0), at_degrees(0.0, 90.0), at_degrees(180.0, 180.0)]),
        np.float32([[1, 1], [9, 9], [1, 1]]),
    )
    distance = part_distances(gallery)
    np.testing.assert_allclose(distance, distance.T)
    assert distance[0, 1] < 1e-3
    one_way_there = (2.0 + 1.0) / 2.0  # 0 and 90 degrees to 180
    one_way_back = 1.0  # both views at 180 to 90
    np.testing.assert_allclose(distance[0, 2], np.sqrt((one_way_there + one_way_back) / 2.0), rtol=1e-6)


def test_one_row_of_the_distances(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    views = rng.standard_normal((9, 3, 5)).astype(np.float32)
    views /= np.linalg.norm(views, axis=2, keepdims=True)
    gallery = Gallery(packed(views), np.ones((9, 3), np.float32))
    monkeypatch.setattr(module, "_BLOCK", 4)
    for row, expected in enumerate(part_distances(gallery)):
        np.testing.assert_allclose(distances_of_one(gallery, row), expected, rtol=1e-5, atol=1e-6)


def test_distances_come_back_from_the_coordinates_made_of_them() -> None:
    made = Parts(coordinates=Parts(DISTANCE).coordinates)
    np.testing.assert_allclose(made.distance, DISTANCE, atol=1e-4)


def test_distances_of_coordinates_are_euclidean() -> None:
    parts = Parts(coordinates=np.array([[0.0, 0.0], [3.0, 4.0]]))
    np.testing.assert_allclose(parts.distance, [[0, 5], [5, 0]])
    assert len(parts) == 2


def test_equal_parts_have_coordinates_too() -> None:
    assert not Parts(np.zeros((3, 3))).coordinates.any()


def test_distances_and_coordinates_at_once_are_refused() -> None:
    with pytest.raises(ValueError, match="either"):
        Parts(DISTANCE, DISTANCE)
    with pytest.raises(ValueError, match="either"):
        Parts()


def test_strength_falls_from_the_medoid_to_half_way_to_the_next() -> None:
    """Medoids at 1.0 and 50.0: the part at 2.1 is 1.1 from its own, 47.9 from the other."""
    strengths = nearness(DISTANCE, np.array([0, 0, 0, 1, 1, -1]))
    assert strengths[1] == strengths[3] == 1
    assert strengths[5] == 0
    assert strengths[2] == pytest.approx(1 - 1.1 / 47.9)


def test_clusters_are_numbered_by_their_first_members() -> None:
    assert by_first_member(np.array([7, -1, 2, 7, 0])).tolist() == [0, -1, 1, 0, 2]
