"""Where a library's verdicts begin, from queries of its own parts with entries left out of its gallery."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from srclib_ros.embedding.encoder import Descriptors
from srclib_ros.library.search import Gallery, distances, similarity_of
from srclib_ros.library.thresholds import Threshold, Thresholds
from srclib_ros.types import FloatArray

MOST_ASKED = 500
"""Entries whose queries are asked, taken evenly: more would not move the rates."""
IDENTITY_FALSE_ACCEPT = 0.10
SUITABILITY_FALSE_ACCEPT = 0.30  # a wrong source costs little: its poses must fit the points, its grasps be free


def calibrate(
    gallery: Gallery,
    kinds: Sequence[str],
    queries: Descriptors,
    of_each: int,
    size_weight: float,
) -> Thresholds:
    """Thresholds at fixed false-accept rates.

    kinds: (E,) category (or cluster) of each entry; "" resembles no other. queries: simulated views, `of_each` of one
    entry after another. Identity: the entry stays, against the entry left out. Suitability: the entry left out while
    others of its kind stay, against its whole kind left out; where no kind has two entries, the entry stays.
    """
    asked = np.arange(len(kinds))[:: -(-len(kinds) // MOST_ASKED)]
    kind = np.array([name or f"alone {row}" for row, name in enumerate(kinds)])
    whole, without_entry, without_kind, has_sibling = (
        np.concatenate(found)
        for found in zip(
            *(_best(gallery, queries, of_each, size_weight, kind, int(row)) for row in asked),
            strict=True,
        )
    )
    useful = without_entry[has_sibling] if has_sibling.any() else whole
    return Thresholds(
        identity=threshold(whole, without_entry, IDENTITY_FALSE_ACCEPT),
        suitability=threshold(useful, without_kind, SUITABILITY_FALSE_ACCEPT),
    )


def threshold(positive: FloatArray, negative: FloatArray, false_accept: float) -> Threshold:
    """The lowest similarity at which at most `false_accept` of the negatives pass."""
    at = float(np.nextafter(np.quantile(negative, 1.0 - false_accept, method="higher"), np.float32(2.0)))
    return Threshold(
        similarity=at,
        false_accept=float((negative >= at).mean()),
        false_reject=float((positive < at).mean()),
        auroc=auroc(positive, negative),
        queries=len(positive) + len(negative),
    )


def auroc(positive: FloatArray, negative: FloatArray) -> float:
    """Chance that a positive scores above a negative; ties count half."""
    ordered = np.sort(negative)
    below = np.searchsorted(ordered, positive, side="left")
    up_to = np.searchsorted(ordered, positive, side="right")
    return float((below + up_to).sum() / (2.0 * len(positive) * len(negative)))


def _best(
    gallery: Gallery, queries: Descriptors, of_each: int, size_weight: float, kind: npt.NDArray[np.str_], row: int
) -> tuple[FloatArray, FloatArray, FloatArray, npt.NDArray[np.bool_]]:
    """(of_each,) the best similarity of one entry's queries: to any, to other entries, to entries of other kinds; and
    whether its kind has others.
    """
    own = slice(row * of_each, (row + 1) * of_each)
    similarity = similarity_of(distances(gallery, queries[own], size_weight))
    same_kind = kind == kind[row]
    other = np.arange(len(kind)) != row
    return (
        similarity.max(axis=1),
        similarity.max(axis=1, where=other, initial=0.0),
        similarity.max(axis=1, where=~same_kind, initial=0.0),
        np.full(of_each, (same_kind & other).any()),
    )
