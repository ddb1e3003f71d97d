"""What stands in for an (E, E) distance matrix where there are too many parts for one: samples, blocks, few axes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from srclib_ros.library.entry import NOISE
from srclib_ros.types import FloatArray, Matrix

Labels = npt.NDArray[np.int64]

MANY = 2_000
"""Parts; 8 bytes times their square, and what algorithms make of it, still fit well into a laptop."""
SAMPLED = 1_000
"""Parts by which parameters are found where there are many."""
LARGEST_EXACT_MEDOID = 1_000
_BLOCK = 4_096


def drawn(count: int, size: int, rng: np.random.Generator) -> Labels:
    """`size` of `count` rows, ascending, drawn at random."""
    return np.sort(rng.choice(count, min(size, count), replace=False)).astype(np.int64)


def principal(coordinates: Matrix, dimensions: int) -> Matrix:
    """(E, at most `dimensions`) the coordinates along their principal axes."""
    centred = coordinates - coordinates.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    return np.ascontiguousarray(centred @ axes[:, ::-1][:, :dimensions])


def nearest_two(coordinates: Matrix, centres: Matrix) -> tuple[Labels, Matrix, Matrix]:
    """(E,) the nearest of the centres, how far it is, and how far the next is, infinite where there is one alone."""
    x, c = coordinates.astype(np.float32), centres.astype(np.float32)
    squares = (c**2).sum(axis=1)
    own, near, second = np.empty(len(x), np.int64), np.empty(len(x)), np.full(len(x), np.inf)
    for start in range(0, len(x), _BLOCK):
        block = slice(start, start + _BLOCK)
        apart = squares - 2.0 * x[block] @ c.T
        rows = np.arange(len(apart))
        own[block] = apart.argmin(axis=1)
        near[block] = apart[rows, own[block]]
        if len(c) > 1:
            apart[rows, own[block]] = np.inf
            second[block] = apart.min(axis=1)
    square = (x.astype(np.float64) ** 2).sum(axis=1)
    return own, np.sqrt(np.maximum(near + square, 0.0)), np.sqrt(np.maximum(second + square, 0.0))


def members_of(labels: Labels) -> dict[int, Labels]:
    """Cluster -> rows of its members, ascending; those in none under `NOISE`."""
    order = np.argsort(labels, kind="stable")
    clusters, starts = np.unique(labels[order], return_index=True)
    return dict(zip(clusters.tolist(), np.split(order, starts)[1:], strict=True))


def medoids_of(coordinates: Matrix, labels: Labels) -> dict[int, int]:
    """Cluster -> row of its medoid; of a cluster of more than `LARGEST_EXACT_MEDOID`, of the member nearest to its
    mean.
    """
    found = {}
    for cluster, members in members_of(labels).items():
        if cluster == NOISE:
            continue
        own = coordinates[members]
        if len(members) > LARGEST_EXACT_MEDOID:
            cost = ((own - own.mean(axis=0)) ** 2).sum(axis=1)
        else:
            square = (own**2).sum(axis=1)
            cost = np.sqrt(np.maximum(square[:, None] + square - 2.0 * own @ own.T, 0.0)).sum(axis=1)
        found[cluster] = int(members[np.argmin(cost)])
    return found


def nearness_of(coordinates: Matrix, labels: Labels, representatives: Mapping[int, int]) -> FloatArray:
    """As `clustering.nearness`, by blocks."""
    clusters = sorted(representatives)
    if not clusters:
        return np.zeros(len(labels), np.float32)
    centres = coordinates[[representatives[cluster] for cluster in clusters]]
    nearest, near, second = nearest_two(coordinates, centres)
    place = np.searchsorted(clusters, labels).clip(0, len(clusters) - 1)
    own = np.sqrt(((coordinates - centres[place]) ** 2).sum(axis=1))
    away = np.where(nearest == place, second, near)
    return np.clip(1 - own / np.maximum(away, 1e-12), 0, 1).astype(np.float32)
