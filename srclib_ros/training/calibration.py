"""Where a library's verdicts begin, from queries of its own parts with entries left out of its gallery."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

from srclib_ros.embedding.encoder import Descriptors
from srclib_ros.library.search import Gallery, distances, own_distances, similarity_of
from srclib_ros.library.thresholds import Threshold, Thresholds
from srclib_ros.library.votes import own_similarity, voted_similarity
from srclib_ros.types import FloatArray, Matrix

MOST_ASKED = 500
"""Entries whose queries are asked, taken evenly: more would not move the rates."""
IDENTITY_FALSE_ACCEPT = 0.10
SUITABILITY_FALSE_ACCEPT = 0.30  # a wrong source costs little: its poses must fit the points, its grasps be free
OWN_FALSE_REJECT = 0.05  # siblings are near: one that passes is worse than the part itself that does not
LEAST_REJECTED = 0.1
DRAWS = 4
"""An entry's remembered views are so many draws of views of a whole part, some twenty each."""


def calibrate(
    gallery: Gallery,
    kinds: Sequence[str],
    queries: Descriptors,
    of_each: int,
    size_weight: float,
) -> Thresholds:
    """Thresholds of single views, at fixed false-accept rates.

    kinds: (E,) category (or cluster) of each entry; "" resembles no other. queries: simulated views, `of_each` of one
    entry after another. Identity: the entry stays, against the entry left out. Suitability: the entry left out while
    others of its kind stay, against its whole kind left out; where no kind has two entries, the entry stays.
    """
    asked, kind = _asked(kinds, 1)
    best = []
    for row in asked:
        own = queries[row * of_each : (row + 1) * of_each]
        best.append(_best(similarity_of(distances(gallery, own, size_weight)), kind, row))
    whole, without_entry, useful, without_kind = _joined(best)
    return Thresholds(
        identity=threshold(whole, without_entry, IDENTITY_FALSE_ACCEPT),
        suitability=threshold(useful, without_kind, SUITABILITY_FALSE_ACCEPT),
    )


def calibrate_for_whole(gallery: Gallery, kinds: Sequence[str], size_weight: float) -> Thresholds:
    """Thresholds of whole parts, whose views vote: `DRAWS` draws of each entry's remembered views, `votes.LEAST_VIEWS`
    at least, stand for queries.

    Identity: how much more like the nearest entry the query is than that entry's other views are. At a fixed
    false-reject rate, of the entry's own draws against it without them; the false accepts are of the entry left out
    while its siblings stay. Suitability: as `calibrate` has it.
    """
    asked, kind = _asked(kinds, DRAWS)
    own = cache(lambda row: own_similarity(gallery, row, size_weight))
    itself, another, best = [], [], []
    for row in asked:
        apart = own_distances(gallery, row, size_weight)[:, None]
        views = distances(gallery, gallery[[row]].described, size_weight)
        draws = [np.arange(len(views)) % DRAWS == draw for draw in range(DRAWS)]
        similarity = np.stack([voted_similarity(views[draw]) for draw in draws])
        itself += [float((voted_similarity(apart[draw]) - voted_similarity(apart[~draw]))[0]) for draw in draws]
        others = np.where(np.arange(len(kinds)) == row, -1.0, similarity)
        another += [
            most - own(int(nearest)) for most, nearest in zip(others.max(axis=1), others.argmax(axis=1), strict=True)
        ]
        best.append(_best(similarity, kind, row))
    _, _, useful, without_kind = _joined(best)
    return Thresholds(
        identity=threshold_that_keeps(np.array(itself), np.array(another), OWN_FALSE_REJECT),
        suitability=threshold(useful, without_kind, SUITABILITY_FALSE_ACCEPT),
    )


def threshold(positive: FloatArray, negative: FloatArray, false_accept: float) -> Threshold:
    """The lowest similarity at which at most `false_accept` of the negatives pass; where that would keep nearly all of
    the positives, the one that `LEAST_REJECTED` of them fail: few parts, all unlike, are no measure of what is like."""
    at = float(np.nextafter(np.quantile(negative, 1.0 - false_accept, method="higher"), np.float32(2.0)))
    return _threshold(max(at, float(np.quantile(positive, LEAST_REJECTED, method="lower"))), positive, negative)


def threshold_that_keeps(positive: Matrix, negative: Matrix, false_reject: float) -> Threshold:
    """The highest similarity at which at most `false_reject` of the positives fail."""
    return _threshold(float(np.sort(positive)[int(false_reject * len(positive))]), positive, negative)


def _threshold(at: float, positive: FloatArray | Matrix, negative: FloatArray | Matrix) -> Threshold:
    return Threshold(
        similarity=at,
        false_accept=float((negative >= at).mean()),
        false_reject=float((positive < at).mean()),
        auroc=auroc(positive, negative),
        queries=len(positive) + len(negative),
    )


def auroc(positive: FloatArray | Matrix, negative: FloatArray | Matrix) -> float:
    """Chance that a positive scores above a negative; ties count half."""
    ordered = np.sort(negative)
    below = np.searchsorted(ordered, positive, side="left")
    up_to = np.searchsorted(ordered, positive, side="right")
    return float((below + up_to).sum() / (2.0 * len(positive) * len(negative)))


def _asked(kinds: Sequence[str], of_each: int) -> tuple[list[int], npt.NDArray[np.str_]]:
    """Rows to ask `of_each` queries of, and the kind of each entry, those alone in theirs named apart."""
    asked = range(len(kinds))[:: -(-len(kinds) * of_each // MOST_ASKED)]
    return list(asked), np.array([name or f"alone {row}" for row, name in enumerate(kinds)])


Best = tuple[FloatArray, FloatArray, FloatArray, npt.NDArray[np.bool_]]


def _best(similarity: FloatArray, kind: npt.NDArray[np.str_], row: int) -> Best:
    """(Q,) the best similarity (Q, E) of one entry's queries: to any, to other entries, to entries of other kinds; and
    whether its kind has others.
    """
    same_kind = kind == kind[row]
    other = np.arange(len(kind)) != row
    return (
        similarity.max(axis=1),
        similarity.max(axis=1, where=other, initial=0.0),
        similarity.max(axis=1, where=~same_kind, initial=0.0),
        np.full(len(similarity), (same_kind & other).any()),
    )


def _joined(best: Sequence[Best]) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Of all queries: to any entry; with the entry left out; so of those that are suitable; with the kind left out."""
    whole, without_entry, without_kind, has_sibling = (np.concatenate(found) for found in zip(*best, strict=True))
    return whole, without_entry, without_entry[has_sibling] if has_sibling.any() else whole, without_kind
