"""Finds the directions along which descriptors tell shapes apart: linear discriminants of training views.

Closed form (Fisher 1936), the spread within shapes shrunk (Friedman, JASA 1989).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from scipy.linalg import cholesky, solve_triangular
from scipy.sparse.linalg import svds

from srclib_ros.embedding.discriminants import Discriminants
from srclib_ros.training.views import ViewSet, cut_one_side
from srclib_ros.types import FloatArray, Matrix

SHRINKAGE = 0.5  # towards a spread that is alike in all directions
CUT_SHARE = 0.45
AT_ONCE = 40  # shapes whose descriptors are multiplied together


class Spread:
    """Of descriptors (N, length), added shape by shape: within the shapes, and between them."""

    def __init__(self, length: int) -> None:
        self._second = np.zeros((length, length))
        self._waiting: list[FloatArray] = []
        self._sums: list[Matrix] = []
        self._counts: list[int] = []

    def add(self, of_shape: FloatArray) -> None:
        self._sums.append(of_shape.sum(axis=0, dtype=np.float64))
        self._counts.append(len(of_shape))
        self._waiting.append(of_shape)
        if len(self._waiting) == AT_ONCE:
            self._take()

    def discriminants(self, dim: int) -> Discriminants:
        """The `dim` most telling directions, fewer than there are shapes."""
        self._take()
        sums, counts = np.array(self._sums), np.array(self._counts)
        means = sums / counts[:, None]
        mean = sums.sum(axis=0) / counts.sum()
        within = (self._second - (means * counts[:, None]).T @ means) / counts.sum()
        between = (means - mean) * np.sqrt(counts / counts.sum())[:, None]
        return Discriminants(mean.astype(np.float32), telling(between, within, dim).astype(np.float32))

    def _take(self) -> None:
        if self._waiting:
            rows = np.concatenate(self._waiting)
            self._second += rows.T @ rows
            self._waiting.clear()


def telling(between: Matrix, within: Matrix, dim: int) -> Matrix:
    """(D, dim) directions, the most telling first, along each of which the shrunk spread within shapes is 1.

    between: (S, D), where each shape lies from the middle of all, times the root of its weight. within: (D, D). These
    are the generalised eigenvectors of between.T @ between and within, by way of the latter's Cholesky factor.
    """
    even = np.trace(within) / len(within) * np.eye(len(within))
    factor = cholesky((1.0 - SHRINKAGE) * within + SHRINKAGE * even, lower=True)
    whitened = solve_triangular(factor, between.T, lower=True)
    axes, _, _ = svds(whitened, k=dim, v0=np.random.default_rng(0).standard_normal(min(whitened.shape)))
    found: Matrix = solve_triangular(factor.T, axes[:, ::-1], lower=False)
    return found


def seen_and_cut(views: ViewSet, seed: int) -> Iterator[Sequence[FloatArray]]:
    """Of each shape its telling views, and each of them again less up to `CUT_SHARE` of it on one side: what a
    neighbour hides is to matter less."""
    rng = np.random.default_rng([seed, views.parts])
    for rows in views.telling:
        seen = [views.points[row] for row in rows]
        yield seen + [cut_one_side(cloud, float(rng.uniform(0.0, CUT_SHARE)), rng) for cloud in seen]
