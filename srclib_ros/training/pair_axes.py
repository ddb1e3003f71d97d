"""The directions along which histograms of point pairs tell shapes apart: linear discriminants of training views."""

from __future__ import annotations

import numpy as np
from scipy.linalg import cholesky, solve_triangular
from scipy.sparse.linalg import svds

from srclib_ros.embedding.point_pairs import LENGTH, LENGTH_M, PairAxes, PairEmbedding, PairShape, histograms
from srclib_ros.embedding.preprocess import MIN_POINTS, canonicalise
from srclib_ros.errors import TrainingError
from srclib_ros.training.progress import Progress, silent
from srclib_ros.training.views import ViewSet, cut_one_side
from srclib_ros.types import FloatArray, Matrix

SHRINKAGE = 0.5  # towards a spread that is alike in all directions
CUT_SHARE = 0.45
AT_ONCE = 40  # shapes whose histograms are multiplied together


def fit_pairs(shape: PairShape, views: ViewSet, seed: int, progress: Progress = silent) -> PairEmbedding:
    """The directions that spread shapes most against the views of one shape, each as seen and cut.

    Views of which up to `CUT_SHARE` is cut off on one side count as views of their shape, so that what a neighbour
    hides matters less. Closed form (Fisher 1936), shrunk (Friedman, JASA 1989). Raises TrainingError.
    """
    dim = max(shape.dim, shape.dim_m)
    if dim >= views.parts:
        raise TrainingError(
            f"{views.parts} shapes are told apart along {views.parts - 1} directions, not {dim}; add parts"
        )
    rng = np.random.default_rng([seed, views.parts])
    free, metric = _Spread(LENGTH), _Spread(LENGTH_M)
    for part in progress(range(views.parts), total=views.parts, label="point pairs"):
        seen = [views.points[row] for row in views.telling[part]]
        seen += [cut_one_side(cloud, float(rng.uniform(0.0, CUT_SHARE)), rng) for cloud in seen]
        found = histograms(seen, canonicalise(seen, MIN_POINTS), shape.points, shape.partners)
        free.add(found.free)
        metric.add(found.metric)
    return PairEmbedding(shape, free.axes(shape.dim), metric.axes(shape.dim_m))


class _Spread:
    """Of histograms (N, length), added shape by shape: within the shapes, and between them."""

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

    def _take(self) -> None:
        if self._waiting:
            rows = np.concatenate(self._waiting)
            self._second += rows.T @ rows
            self._waiting.clear()

    def axes(self, dim: int) -> PairAxes:
        self._take()
        sums, counts = np.array(self._sums), np.array(self._counts)
        means = sums / counts[:, None]
        mean = sums.sum(axis=0) / counts.sum()
        within = (self._second - (means * counts[:, None]).T @ means) / counts.sum()
        between = (means - mean) * np.sqrt(counts / counts.sum())[:, None]
        return PairAxes(mean.astype(np.float32), discriminants(between, within, dim).astype(np.float32))


def discriminants(between: Matrix, within: Matrix, dim: int) -> Matrix:
    """(D, dim) directions, the most telling first, along each of which the shrunk spread within shapes is 1.

    between: (S, D), where each shape lies from the middle of all, times the root of its weight. within: (D, D). These
    are the generalised eigenvectors of between.T @ between and within, by way of the latter's Cholesky factor.
    """
    even = np.trace(within) / len(within) * np.eye(len(within))
    factor = cholesky((1.0 - SHRINKAGE) * within + SHRINKAGE * even, lower=True)
    whitened = solve_triangular(factor, between.T, lower=True)
    axes, _, _ = svds(whitened, k=dim, v0=np.random.default_rng(0).standard_normal(min(whitened.shape)))
    telling: Matrix = solve_triangular(factor.T, axes[:, ::-1], lower=False)
    return telling
