"""What stands beside an encoder's network, found in the views that it learnt from: directions that tell the shapes'
point pairs and local patches apart, and what patches there are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.mixture import GaussianMixture

from srclib_ros.embedding.beside import Beside, within_bounds
from srclib_ros.embedding.local_patches import LENGTH as PATCH_LENGTH
from srclib_ros.embedding.local_patches import PatchEmbedding, PatchShape, PatchWords, patch_moments
from srclib_ros.embedding.point_pairs import LENGTH, LENGTH_M, PairEmbedding, PairShape, pair_histograms
from srclib_ros.embedding.preprocess import MIN_POINTS, canonicalise
from srclib_ros.embedding.surfels import surfels
from srclib_ros.errors import TrainingError
from srclib_ros.training.discriminants import Spread, seen_and_cut
from srclib_ros.training.progress import Progress, silent
from srclib_ros.training.views import ViewSet
from srclib_ros.types import FloatArray

SAMPLED_PATCHES = 40_000  # the mixture is fitted to
LEAST_DEVIATION, LEAST_VARIANCE = 1e-6, 1e-6


def check_beside(pairs: PairShape | None, patches: PatchShape | None, shapes: int) -> None:
    """Raises TrainingError where both cannot be fitted to so many shapes, before anything is trained."""
    asked = [shape for shape in (pairs, patches) if shape is not None]
    if not all(map(within_bounds, asked)) or sum(shape.weight for shape in asked) >= 1.0:
        raise TrainingError(f"{', '.join(map(str, asked))}: out of bounds, or their weights add up to 1 or more")
    dim = max([shape.dim for shape in asked] + ([pairs.dim_m] if pairs else []), default=0)
    if asked and dim >= shapes:
        raise TrainingError(
            f"{shapes} shapes are told apart along {shapes - 1} directions, not {dim}; add parts, or random shapes"
        )


def fit_beside(
    pairs: PairShape | None, patches: PatchShape | None, views: ViewSet, seed: int, progress: Progress = silent
) -> Beside | None:
    """Those that are asked for; None for neither. Raises TrainingError, see `check_beside`."""
    check_beside(pairs, patches, views.parts)
    if pairs is None and patches is None:
        return None
    return Beside(
        None if pairs is None else fit_pairs(pairs, views, seed, progress),
        None if patches is None else fit_patches(patches, views, seed, progress),
    )


def fit_pairs(shape: PairShape, views: ViewSet, seed: int, progress: Progress = silent) -> PairEmbedding:
    free, metric = Spread(LENGTH), Spread(LENGTH_M)
    for seen in progress(seen_and_cut(views, seed), total=views.parts, label="point pairs"):
        canonical = canonicalise(seen, MIN_POINTS)
        found = pair_histograms(surfels(seen, canonical, shape.points), canonical.size_m, shape.partners)
        free.add(found.free)
        metric.add(found.metric)
    return PairEmbedding(shape, free.discriminants(shape.dim), metric.discriminants(shape.dim_m))


def fit_patches(shape: PatchShape, views: ViewSet, seed: int, progress: Progress = silent) -> PatchEmbedding:
    words = _words(shape, views, seed)
    spread = Spread(shape.fisher)
    for seen in progress(seen_and_cut(views, seed), total=views.parts, label="local patches"):
        spread.add(words.fisher(_patches(seen, shape)))
    return PatchEmbedding(shape, words, spread.discriminants(shape.dim))


def _patches(clouds: Sequence[FloatArray], shape: PatchShape) -> FloatArray:
    canonical = canonicalise(clouds, MIN_POINTS)
    return patch_moments(surfels(clouds, canonical, shape.points), canonical.size_m, shape.seeds)


def _words(shape: PatchShape, views: ViewSet, seed: int) -> PatchWords:
    """The mixture, of a sample of the patches of views drawn evenly."""
    rng = np.random.default_rng([seed, views.parts])
    rows = np.concatenate(views.telling)
    rows = np.sort(rng.permutation(rows)[: -(-SAMPLED_PATCHES // shape.seeds)])
    patches = _patches([views.points[row] for row in rows], shape).reshape(-1, PATCH_LENGTH).astype(np.float64)
    mean, spread = patches.mean(axis=0), np.maximum(patches.std(axis=0), LEAST_DEVIATION)
    variance, axes = np.linalg.eigh(np.cov(((patches - mean) / spread).T))
    largest = slice(None, -shape.principal - 1, -1)
    principal = axes[:, largest] / np.sqrt(np.maximum(variance[largest], LEAST_VARIANCE)) / spread[:, None]
    mixture = GaussianMixture(shape.words, covariance_type="diag", max_iter=60, random_state=seed)
    mixture.fit((patches - mean) @ principal)
    found = mean, principal, mixture.weights_, mixture.means_, np.sqrt(mixture.covariances_)
    return PatchWords(*(value.astype(np.float32) for value in found))
