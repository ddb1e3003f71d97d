"""Clusters and medoids that can be read off a 6x6 distance matrix."""

from __future__ import annotations

import numpy as np
from support.small_library import at_degrees

from srclib_ros.library.clustering import hdbscan, medoids, part_distances
from srclib_ros.library.search import Gallery

# three on a line, two close together elsewhere, one far from all
POSITIONS = np.array([0.0, 1.0, 2.1, 50.0, 51.0, 500.0])
DISTANCE = np.abs(POSITIONS[:, None] - POSITIONS[None, :])


def test_hdbscan_finds_the_groups_and_the_noise() -> None:
    found = hdbscan(DISTANCE)
    assert len(set(found.labels[:3])) == 1
    assert found.labels[3] == found.labels[4]
    assert found.labels[0] != found.labels[3]
    assert found.labels[5] == -1
    assert found.strengths[5] == 0.0
    assert found.representatives[int(found.labels[0])] == 1


def test_the_same_distances_give_the_same_clusters() -> None:
    np.testing.assert_array_equal(hdbscan(DISTANCE).labels, hdbscan(DISTANCE).labels)


def test_too_few_parts_are_all_noise() -> None:
    assert hdbscan(DISTANCE[:2, :2]).labels.tolist() == [-1, -1]


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
