"""The directions along which histograms of point pairs tell shapes apart: linear discriminants of training views."""

from __future__ import annotations

import numpy as np
from scipy.linalg import eigh

from srclib_ros.embedding.point_pairs import LENGTH, PairEmbedding, PairShape, histograms
from srclib_ros.embedding.preprocess import canonicalise
from srclib_ros.errors import TrainingError
from srclib_ros.training.progress import Progress, silent
from srclib_ros.training.views import ViewSet, cut_one_side
from srclib_ros.types import Matrix

SHRINKAGE = 0.5  # towards a spread that is alike in all directions
CUT_SHARE = 0.45


def fit_pairs(shape: PairShape, views: ViewSet, n_points: int, seed: int, progress: Progress = silent) -> PairEmbedding:
    """The `shape.dim` directions that spread shapes most against the views of one shape, each as seen and cut.

    Views of which up to `CUT_SHARE` is cut off on one side count as views of their shape, so that what a neighbour
    hides matters less. n_points: of a canonical cloud. Closed form (Fisher 1936), shrunk (Friedman, JASA 1989).
    Raises TrainingError.
    """
    if shape.dim >= views.parts:
        raise TrainingError(
            f"{views.parts} shapes are told apart along {views.parts - 1} directions, not {shape.dim}; add parts"
        )
    rng = np.random.default_rng([seed, views.parts])
    second = np.zeros((LENGTH, LENGTH))
    sums, counts = np.zeros((views.parts, LENGTH)), np.zeros(views.parts)
    for part in progress(range(views.parts), total=views.parts, label="point pairs"):
        seen = [views.points[row] for row in views.telling[part]]
        seen += [cut_one_side(cloud, float(rng.uniform(0.0, CUT_SHARE)), rng) for cloud in seen]
        found = histograms(seen, canonicalise(seen, n_points), shape.points)
        second += found.T @ found
        sums[part], counts[part] = found.sum(axis=0), len(found)
    means = sums / counts[:, None]
    mean = sums.sum(axis=0) / counts.sum()
    within = (second - (means * counts[:, None]).T @ means) / counts.sum()
    between = ((means - mean) * counts[:, None]).T @ (means - mean) / counts.sum()
    axes = discriminants(between, within, shape.dim)
    return PairEmbedding(shape, mean.astype(np.float32), axes.astype(np.float32))


def discriminants(between: Matrix, within: Matrix, dim: int) -> Matrix:
    """(D, dim) generalised eigenvectors, the most telling first; the shrunk spread within shapes is 1 along each."""
    even = np.trace(within) / len(within) * np.eye(len(within))
    _, axes = eigh(
        between, (1.0 - SHRINKAGE) * within + SHRINKAGE * even, subset_by_index=(len(within) - dim, len(within) - 1)
    )
    return np.asarray(axes)[:, ::-1]
