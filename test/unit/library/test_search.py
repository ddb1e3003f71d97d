"""Distances worked out by hand: angles for the shape, logarithms for the size."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from support.small_library import at_degrees

from srclib_ros.embedding.encoder import Descriptors
from srclib_ros.library import search
from srclib_ros.library.search import Gallery, distances, similarity_of

GALLERY = Gallery(
    embeddings=np.stack([at_degrees(0.0, 60.0), at_degrees(90.0, 180.0)]),
    size_m=np.float32([[0.01, 0.02], [0.01, 0.01]]),
)


def test_the_nearest_view_of_each_entry_counts() -> None:
    query = Descriptors(at_degrees(60.0)[None], np.float32([0.02]))
    expected = [[0.0, np.sqrt(1.0 - np.cos(np.deg2rad(30.0)))]]
    np.testing.assert_allclose(distances(GALLERY, query, 0.0), expected, atol=1e-3)


def test_what_is_metric_adds_to_the_distance_where_size_counts() -> None:
    """Two views of one shape and size whose metric rows, of squared length 0.5, stand at a right angle."""
    metric = np.sqrt(0.5) * np.float32([[[1, 0]], [[0, 1]]])
    gallery = Gallery(at_degrees(0.0, 0.0)[:, None], np.full((2, 1), 0.02, np.float32), metric)
    query = Descriptors(at_degrees(0.0)[None], np.float32([0.02]), metric[0])
    np.testing.assert_allclose(distances(gallery, query, 1.0), [[0.0, np.sqrt(0.5)]], atol=1e-3)
    np.testing.assert_allclose(distances(gallery, query, 0.0), [[0.0, 0.0]], atol=1e-3)


def test_a_query_without_anything_metric_goes_by_shape_and_size() -> None:
    metric = np.sqrt(0.5) * np.float32([[[1, 0]], [[0, 1]]])
    gallery = Gallery(at_degrees(0.0, 60.0)[:, None], np.full((2, 1), 0.02, np.float32), metric)
    query = Descriptors(at_degrees(0.0)[None], np.float32([0.02]), np.zeros((1, 2), np.float32))
    np.testing.assert_allclose(distances(gallery, query, 1.0), [[0.0, np.sqrt(0.5)]], atol=1e-3)


def test_size_enters_by_its_weight_and_can_change_the_nearest_view() -> None:
    query = Descriptors(at_degrees(0.0)[None], np.float32([0.02]))
    by_first_view, by_second_view = 1.0 * np.log(2.0) ** 2, 1.0 - np.cos(np.deg2rad(60.0))
    assert by_first_view < by_second_view
    assert distances(GALLERY, query, 1.0)[0, 0] == pytest.approx(np.sqrt(by_first_view), rel=1e-5)
    assert distances(GALLERY, query, 2.0)[0, 0] == pytest.approx(np.sqrt(by_second_view), rel=1e-5)
    assert distances(GALLERY, query, 0.0)[0, 0] == pytest.approx(0.0, abs=1e-3)


def test_of_joined_descriptors_each_has_its_own_nearest_view_by_half() -> None:
    """One entry, whose first view is as the query to the first descriptor, and its second view to the second; beside
    the size each descriptor has half of an embedding's squared length."""
    half = np.sqrt(0.5)
    views = half * np.stack([[1, 0, 0, 1], [0, 1, 1, 0]])[None].astype(np.float32)
    gallery = Gallery(views, np.float32([[0.02, 0.04]]), dims=(2, 2))
    query = Descriptors(half * np.float32([[1, 0, 1, 0]]), np.float32([0.02]))
    together, apart = 0.5, 0.0
    assert distances(gallery, query, 0.0)[0, 0] ** 2 == pytest.approx(0.5 * together + 0.5 * apart, abs=1e-6)
    one_piece = replace(gallery, dims=())
    assert distances(one_piece, query, 0.0)[0, 0] ** 2 == pytest.approx(together, abs=1e-6)
    query = replace(query, size_m=np.float32([0.04]))
    assert distances(gallery, query, 2.0)[0, 0] ** 2 == pytest.approx(0.5 * together + 0.5 * apart, abs=1e-6)
    larger = replace(query, size_m=np.float32([0.08]))
    of_size = (2.0 * np.log(2.0)) ** 2
    assert distances(gallery, larger, 2.0)[0, 0] ** 2 == pytest.approx(0.5 * together + of_size, rel=1e-5)


def test_descriptors_that_agree_on_a_view_are_as_far_as_it(rng: np.random.Generator) -> None:
    views = rng.standard_normal((5, 1, 6)).astype(np.float32)
    views /= np.linalg.norm(views, axis=2, keepdims=True)
    sizes = rng.uniform(0.01, 0.1, (5, 1)).astype(np.float32)
    asked = Descriptors(views[::-1, 0], sizes[::-1, 0])
    apart = distances(Gallery(views, sizes, dims=(3, 2, 1)), asked, 0.3)
    np.testing.assert_allclose(apart, distances(Gallery(views, sizes), asked, 0.3), atol=2e-3)


def test_half_and_double_the_size_are_equally_far() -> None:
    queries = Descriptors(at_degrees(0.0, 0.0), np.float32([0.005, 0.02]))
    only_first = Gallery(GALLERY.embeddings[:1, :1], GALLERY.size_m[:1, :1])
    half, double = distances(only_first, queries, 0.5)[:, 0]
    assert half == pytest.approx(double)


@pytest.mark.parametrize("dims", [(), (2, 1, 1)])
def test_many_queries_are_compared_in_blocks(
    dims: tuple[int, ...], rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = rng.standard_normal((2_100, 4)).astype(np.float32)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    gallery = Gallery(x[:100].reshape(10, 10, 4), np.full((10, 10), 0.02, np.float32), dims=dims)
    asked = Descriptors(x[100:], rng.uniform(0.01, 0.1, 2_000).astype(np.float32))
    at_once = distances(gallery, asked, 0.5)
    monkeypatch.setattr(search, "_AT_ONCE", 10_000)
    tracemalloc.start()
    in_blocks = distances(gallery, asked, 0.5)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    np.testing.assert_allclose(in_blocks, at_once, atol=1e-6)
    assert peak_bytes < 4 * 10_000 * 4 + 3 * at_once.nbytes
    assert distances(gallery, Descriptors(asked.embeddings[:0], asked.size_m[:0]), 0.5).shape == (0, 10)


def test_similarity_falls_from_one_to_nought() -> None:
    similarity = similarity_of(np.float32([0.0, 0.5, 1.0, 1.4]))
    np.testing.assert_allclose(similarity, [1.0, 0.75, 0.0, 0.0])
