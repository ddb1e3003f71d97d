"""Retrieval figures from distances of queries to entries. A tie is not found; means come with their spread.

Everywhere: distance (Q, E) of each query to each entry, and truth (Q,), the entry that each query shows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from srclib_ros.training.calibration import auroc
from srclib_ros.types import FloatArray, Matrix

Indices = npt.NDArray[np.int64]
DRAWS = 2000
SPLITS = 20


def ranks(distance: FloatArray, truth: Indices) -> Indices:
    """(Q,) how many other entries lie as near as the true one or nearer: 0 is found, a tie is not."""
    own = distance[np.arange(len(truth)), truth]
    as_near: Indices = (distance <= own[:, None]).sum(axis=1)
    return as_near - 1


def found(distance: FloatArray, truth: Indices, group: Indices, seed: int) -> dict[str, Any]:
    """`top1` with its interval, `top5`, and the same `top1` with the entries of one group (E,) counted as one."""
    rank = ranks(distance, truth)
    hit = ranks(grouped(distance, group), group[truth]) < 1
    return {
        "top1": float((rank < 1).mean()),
        "top1_ci95": interval(rank < 1, truth, seed),
        "top5": float((rank < 5).mean()),
        "merged": {"top1": float(hit.mean()), "top1_ci95": interval(hit, truth, seed)},
    }


def grouped(distance: FloatArray, group: Indices) -> FloatArray:
    """(Q, G) distance to the nearest entry of each group; groups are numbered from 0, none is empty."""
    order = np.argsort(group, kind="stable")
    first = np.searchsorted(group[order], np.arange(group.max() + 1))
    nearest: FloatArray = np.minimum.reduceat(distance[:, order], first, axis=1)
    return nearest


def interval(hit: npt.NDArray[np.bool_], part: Indices, seed: int) -> list[float]:
    """[low, high]: 95 % of the means when parts, each with all its queries, are drawn anew (clustered bootstrap).

    Queries of one part are no independent witnesses, so parts are drawn and not queries (Field and Welsh 2007).
    """
    _, cluster = np.unique(part, return_inverse=True)
    queries = np.bincount(cluster)
    hits = np.bincount(cluster, hit)
    times = _redrawn(len(queries), seed)
    low, high = np.quantile(times @ hits / (times @ queries), (0.025, 0.975))
    return [float(low), float(high)]


def category_found(distance: FloatArray, truth: Indices, categories: list[str], seed: int) -> dict[str, Any] | None:
    """Is the nearest other part of the query's category? None when no category has two parts.

    Parts that are the only ones of their category, or have none, are neither asked for nor remembered.
    """
    label, members = _labels(categories)
    shared = np.flatnonzero(members[label] > 1)
    if not len(shared):
        return None
    asked = np.isin(truth, shared)
    part, apart = truth[asked], distance[asked][:, shared].copy()
    apart[part[:, None] == shared] = np.inf
    own = label[part][:, None] == label[shared]
    hit = np.where(own, apart, np.inf).min(axis=1) < np.where(own, np.inf, apart).min(axis=1)
    return {
        "top1": float(hit.mean()),
        "top1_ci95": interval(hit, part, seed),
        "queries": len(hit),
        "parts": len(shared),
        "categories": len(np.unique(label[shared])),
    }


def identity(distance: FloatArray, truth: Indices, seed: int) -> dict[str, float]:
    """Is this very part in the library? `auroc` over 20 splits, each with another half of the parts remembered.

    Scored by the distance to the nearest remembered entry. auroc_sd: standard deviation over the splits.
    """
    entries = distance.shape[1]
    rng = np.random.default_rng(seed)
    areas = []
    for _ in range(SPLITS):
        remembered = np.zeros(entries, bool)
        remembered[rng.permutation(entries)[: entries // 2]] = True
        score = -distance[:, remembered].min(axis=1)
        areas.append(auroc(score[remembered[truth]], score[~remembered[truth]]))
    return {"auroc": float(np.mean(areas)), "auroc_sd": float(np.std(areas))}


def suitability(distance: FloatArray, truth: Indices, categories: list[str], seed: int) -> dict[str, Any] | None:
    """Does the library hold a useful source? None when no category has two parts, or there is only one category.

    Positives: queries of parts that are left out while others of their category stay. Negatives: queries of parts
    whose whole category is left out. Scored by the distance to the nearest entry that stays; `auroc_ci95` by drawing
    parts anew. Parts without a category are asked for in neither.
    """
    label, members = _labels(categories)
    known = np.array([bool(name) for name in categories])
    if not (members[label] > 1).any() or len(np.unique(label)) < 2:
        return None
    own = truth[:, None] == np.arange(distance.shape[1])
    kin = label[truth][:, None] == label
    useful, useless = known[truth] & (members[label] > 1)[truth], known[truth]
    positive = -np.where(own, np.inf, distance).min(axis=1)
    negative = -np.where(kin, np.inf, distance).min(axis=1)
    wins, pairs = _wins(positive[useful], truth[useful], negative[useless], truth[useless], len(label))
    times = _redrawn(len(label), seed)
    of = ((times @ pairs) * times).sum(axis=1)
    area = ((times @ wins) * times).sum(axis=1)[of > 0] / of[of > 0]
    low, high = np.quantile(area, (0.025, 0.975))
    return {
        "auroc": auroc(positive[useful], negative[useless]),
        "auroc_ci95": [float(low), float(high)],
        "positives": int(useful.sum()),
        "negatives": int(useless.sum()),
    }


def _labels(categories: list[str]) -> tuple[Indices, Indices]:
    """(E,) number of each part's category, and how many parts each number has; parts without one are alone."""
    names = [name or f"\0{row}" for row, name in enumerate(categories)]
    _, label, members = np.unique(names, return_inverse=True, return_counts=True)
    return label, members


def _wins(
    positive: FloatArray, positive_part: Indices, negative: FloatArray, negative_part: Indices, parts: int
) -> tuple[Matrix, Matrix]:
    """(parts, parts) each: how often a positive of one part scores above a negative of another, ties half, of how
    many pairs."""
    wins = np.zeros((parts, parts))
    for column in np.unique(negative_part):
        against = np.sort(negative[negative_part == column])
        below = np.searchsorted(against, positive, "left") + np.searchsorted(against, positive, "right")
        wins[:, column] = np.bincount(positive_part, below / 2.0, minlength=parts)
    counts = [np.bincount(part, minlength=parts).astype(np.float64) for part in (positive_part, negative_part)]
    return wins, np.outer(*counts)


def _redrawn(parts: int, seed: int) -> Matrix:
    """(2000, parts) how often each part is drawn when as many parts as there are are drawn with replacement."""
    return np.random.default_rng(seed).multinomial(parts, np.full(parts, 1.0 / parts), size=DRAWS).astype(np.float64)
