"""Ranks by hand, and the size-only baseline on boxes."""

from __future__ import annotations

import numpy as np

from srclib_ros.training.retrieval import EXTENT_FLOOR_M, extent_distances, log_extents, ranks, top

DISTANCE = np.float32([[0.1, 0.2, 0.3], [0.2, 0.1, 0.1], [0.3, 0.2, 0.1]])


def test_a_tie_is_not_found() -> None:
    np.testing.assert_array_equal(ranks(DISTANCE, np.array([0, 1, 2])), [0, 1, 0])
    np.testing.assert_array_equal(ranks(DISTANCE, np.array([2, 0, 0])), [2, 2, 2])


def test_top_one_and_five() -> None:
    assert top(DISTANCE, np.array([0, 1, 2])) == {"top1": 2 / 3, "top5": 1.0}


def test_extents_of_a_box_are_its_edges_however_it_lies(rng: np.random.Generator) -> None:
    corners = np.array([(i, j, k) for i in (0, 1) for j in (0, 1) for k in (0, 1)]) * [0.01, 0.05, 0.02]
    turn, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    expected = np.log(np.array([0.05, 0.02, 0.01]) + EXTENT_FLOOR_M)
    np.testing.assert_allclose(log_extents([(corners @ turn.T).astype(np.float32)])[0], expected, atol=1e-4)


def test_the_nearest_view_counts() -> None:
    gallery = np.float32([[[0, 0, 0], [3, 4, 0]], [[9, 0, 0], [9, 9, 9]]])
    np.testing.assert_allclose(extent_distances(gallery, np.float32([[3, 4, 1]])), [[1.0, np.sqrt(53.0)]], rtol=1e-6)
