"""What views vote for, and an entry's own views, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from support.small_library import at_degrees

from srclib_ros.library.search import Gallery, distances, own_distances
from srclib_ros.library.votes import own_similarity, vote


def test_an_entry_is_judged_by_the_views_that_fit_it_best() -> None:
    to_entries = np.float32([[0.1, 0.4], [0.9, 0.3], [0.8, 0.2]])
    np.testing.assert_allclose(vote(to_entries, np.array([4.0, 3.0, 3.0])), [0.1, 0.2])
    np.testing.assert_allclose(vote(to_entries, np.array([1.0, 7.0, 2.0])), [0.8, 0.3])


def test_an_entry_s_own_views_are_held_against_the_others() -> None:
    views = np.stack([at_degrees(0.0, 10.0, 30.0), at_degrees(90.0, 90.0, 90.0)])
    gallery = Gallery(views, np.ones((2, 3), np.float32))
    nearest = 1.0 - np.cos(np.deg2rad([10.0, 10.0, 20.0]))
    np.testing.assert_allclose(own_distances(gallery, 0, 0.0), np.sqrt(nearest), atol=1e-5)
    assert own_similarity(gallery, 0, 0.0) == pytest.approx(np.cos(np.deg2rad(10.0)), abs=1e-5)
    assert own_similarity(gallery, 1, 0.0) == pytest.approx(1.0, abs=1e-6)


def test_they_are_what_the_entry_without_them_would_have(rng: np.random.Generator) -> None:
    """Of embeddings joined of two descriptors, with size."""
    views = rng.standard_normal((1, 9, 7)).astype(np.float32)
    views /= np.linalg.norm(views, axis=2, keepdims=True)
    gallery = Gallery(views, rng.uniform(0.01, 0.02, (1, 9)).astype(np.float32), dims=(4, 3))
    found = own_distances(gallery, 0, 0.3)
    for view in range(9):
        without = gallery[:, np.delete(np.arange(9), view)]
        asked = gallery[:, [view]].described
        np.testing.assert_allclose(found[view], distances(without, asked, 0.3)[0, 0], atol=1e-6)
