"""Distances worked out by hand: angles for the shape, logarithms for the size."""

from __future__ import annotations

import numpy as np
import pytest
from support.small_library import at_degrees

from srclib_ros.embedding.encoder import Descriptors
from srclib_ros.library.search import Gallery, distances, similarity_of

GALLERY = Gallery(
    embeddings=np.stack([at_degrees(0.0, 60.0), at_degrees(90.0, 180.0)]),
    size_m=np.float32([[0.01, 0.02], [0.01, 0.01]]),
)


def test_the_nearest_view_of_each_entry_counts() -> None:
    query = Descriptors(at_degrees(60.0)[None], np.float32([0.02]))
    expected = [[0.0, np.sqrt(1.0 - np.cos(np.deg2rad(30.0)))]]
    np.testing.assert_allclose(distances(GALLERY, query, 0.0), expected, atol=1e-3)


def test_size_enters_by_its_weight_and_can_change_the_nearest_view() -> None:
    query = Descriptors(at_degrees(0.0)[None], np.float32([0.02]))
    by_first_view, by_second_view = 1.0 * np.log(2.0) ** 2, 1.0 - np.cos(np.deg2rad(60.0))
    assert by_first_view < by_second_view
    assert distances(GALLERY, query, 1.0)[0, 0] == pytest.approx(np.sqrt(by_first_view), rel=1e-5)
    assert distances(GALLERY, query, 2.0)[0, 0] == pytest.approx(np.sqrt(by_second_view), rel=1e-5)
    assert distances(GALLERY, query, 0.0)[0, 0] == pytest.approx(0.0, abs=1e-3)


def test_half_and_double_the_size_are_equally_far() -> None:
    queries = Descriptors(at_degrees(0.0, 0.0), np.float32([0.005, 0.02]))
    only_first = Gallery(GALLERY.embeddings[:1, :1], GALLERY.size_m[:1, :1])
    half, double = distances(only_first, queries, 0.5)[:, 0]
    assert half == pytest.approx(double)


def test_similarity_falls_from_one_to_nought() -> None:
    similarity = similarity_of(np.float32([0.0, 0.5, 1.0, 1.4]))
    np.testing.assert_allclose(similarity, [1.0, 0.75, 0.0, 0.0])
