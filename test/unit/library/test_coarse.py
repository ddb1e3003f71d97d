"""The search in two stages against the exact one, and vectors in 16 bits against the floats they were."""

from __future__ import annotations

import numpy as np
import pytest

from srclib_ros.embedding.encoder import Descriptors
from srclib_ros.library import search
from srclib_ros.library.coarse import CENTRES, centres_of
from srclib_ros.library.packing import packed, unpacked
from srclib_ros.library.search import Gallery, distances, exact_distances, nearest_rows, two_stage_distances


def unit(rng: np.random.Generator, *shape: int) -> np.ndarray:
    x = rng.standard_normal(shape).astype(np.float32)
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


@pytest.fixture(params=[(12,), (7, 5)], ids=["of one piece", "of two descriptors"])
def gallery(request: pytest.FixtureRequest, rng: np.random.Generator) -> Gallery:
    """300 entries of 6 views about each entry's own direction, in 12 dimensions; metric ones in 4."""
    pieces = [unit(rng, 300, 1, dim) + 0.4 * unit(rng, 300, 6, dim) for dim in request.param]
    views = np.concatenate([piece / np.linalg.norm(piece, axis=2, keepdims=True) for piece in pieces], axis=2)
    views /= np.float32(np.sqrt(len(pieces)))
    sizes = rng.uniform(0.01, 0.1, (300, 6)).astype(np.float32)
    return Gallery(views, sizes, 0.6 * unit(rng, 300, 6, 4), request.param if len(pieces) > 1 else ())


def test_views_in_as_many_places_as_centres_are_measured_exactly(rng: np.random.Generator) -> None:
    views = np.repeat(unit(rng, 20, CENTRES, 12), 2, axis=1)
    sizes = np.repeat(rng.uniform(0.01, 0.1, (20, CENTRES)), 2, axis=1).astype(np.float32)
    gallery = Gallery(views, sizes, np.repeat(unit(rng, 20, CENTRES, 4), 2, axis=1))
    query = Descriptors(unit(rng, 1, 12), np.float32([0.03]), unit(rng, 1, 4))
    for size_weight in (0.0, 0.5):
        found = gallery.coarse(size_weight).squared(query)
        np.testing.assert_allclose(np.sqrt(found), exact_distances(gallery, query, size_weight)[0], atol=1e-3)


def test_centres_of_clear_groups_are_their_means() -> None:
    views = np.float32([[[0, 0], [0, 2], [9, 9], [9, 7]]])
    assert sorted(centres_of(views, 2)[0].tolist()) == [[0, 1], [9, 8]]


def test_the_refined_are_exact_and_the_others_no_nearer(gallery: Gallery, rng: np.random.Generator) -> None:
    query = Descriptors(unit(rng, 1, 12), np.float32([0.03]), unit(rng, 1, 4))
    exact = exact_distances(gallery, query, 0.5)[0]
    found = two_stage_distances(gallery, query, 0.5, refined=40)
    same = np.isclose(found, exact, atol=1e-5)
    assert same.sum() >= 40
    assert found[~same].min() >= np.sort(found)[39] - 1e-6
    np.testing.assert_allclose(two_stage_distances(gallery, query, 0.5, 300), exact, atol=1e-5)


def test_a_view_that_is_remembered_is_found_again(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Descriptors(gallery.embeddings[:, 3], gallery.size_m[:, 3], gallery.metric[:, 3])
    monkeypatch.setattr(search, "EXACT_UP_TO", 100)
    monkeypatch.setattr(search, "REFINED", 30)
    large = gallery.as_stored()
    assert large.dims == gallery.dims
    found = distances(large, asked, 0.5)
    assert found.shape == (300, 300)
    np.testing.assert_array_equal(found.argmin(axis=1), np.arange(300))
    assert distances(large, asked[:0], 0.5).shape == (0, 300)


def test_the_nearest_rows_are_those_of_a_stable_sort(rng: np.random.Generator) -> None:
    values = rng.integers(5, size=50).astype(np.float32)
    for count in (1, 7, 50, 80):
        np.testing.assert_array_equal(nearest_rows(values, count), np.argsort(values, kind="stable")[:count])


def test_sixteen_bits_are_wrong_by_no_more_than_half_a_step(rng: np.random.Generator) -> None:
    vectors = unit(rng, 40, 12)
    there = packed(vectors)
    assert there.dtype == np.int16
    np.testing.assert_allclose(unpacked(there), vectors, atol=0.51 / 32767)
    np.testing.assert_array_equal(packed(unpacked(there)), there)
    np.testing.assert_array_equal(packed(np.float32([1.0 + 1e-6, -1.0 - 1e-6])), [32767, -32767])
    assert unpacked(vectors) is vectors
