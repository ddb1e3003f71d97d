"""What several views of one part say together, and how like an entry its own views are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from srclib_ros.library.search import Gallery, own_distances, similarity_of
from srclib_ros.types import FloatArray

BEST_SHARE = 0.3
LEAST_VIEWS = 8
"""Of an entry, from which on they say how like it views of its own part are."""


def vote(to_entries: FloatArray, weights: npt.NDArray[np.float64]) -> FloatArray:
    """(E,) one distance to each entry from the (B, E) of several views, each with its weight.

    The distance that `BEST_SHARE` of the weight stays within: an entry is judged by the views that fit it best, so
    pieces and half hidden parts, which resemble anything, do not vote it down.
    """
    if len(to_entries) == 1:
        return to_entries[0]
    order = np.argsort(to_entries, axis=0, kind="stable")
    reached = np.cumsum(weights[order], axis=0) >= BEST_SHARE * weights.sum()
    return np.take_along_axis(to_entries, order, axis=0)[reached.argmax(axis=0), np.arange(to_entries.shape[1])]


def voted_similarity(to_entries: FloatArray) -> FloatArray:
    """(E,) the similarity to each entry that views (B, E) of equal weight vote for."""
    return similarity_of(vote(to_entries, np.ones(len(to_entries))))


def own_similarity(gallery: Gallery, row: int, size_weight: float) -> float:
    """How like an entry new views of its own part are, from all sides: some parts are more alike than others."""
    return float(voted_similarity(own_distances(gallery, row, size_weight)[:, None])[0])
