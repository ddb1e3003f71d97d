"""Parts on a plane, so that near ones lie near."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from srclib_ros.library.clustering import Parts
from srclib_ros.library.clustering.many import principal
from srclib_ros.types import Matrix

PERPLEXITY = 15.0
FEWEST_FOR_TSNE = 10
NEIGHBOURS = 5
_AXES = 16  # principal ones, of so many parts that there is no matrix of distances
_EXACT_UP_TO = 500  # parts; beyond, the forces of distant ones are summed up (Barnes-Hut)
_STARTS = 4  # that differ little, the one of least divergence being kept: now and then one tears a cluster apart


@dataclass(frozen=True, eq=False)
class Projection:
    """xy: (E, 2), no unit. method: in words.

    trustworthiness: in [0, 1], how many of each part's `neighbours` nearest on the plane are its nearest indeed (Venna
    and Kaski 2001); None for too few parts. rank_correlation: Spearman's, of all distances with those on the plane;
    None where one of them does not vary.
    """

    xy: Matrix
    method: str
    neighbours: int
    trustworthiness: float | None
    rank_correlation: float | None


def project(parts: Parts, seed: int) -> Projection:
    """Parts to the plane: t-SNE (van der Maaten and Hinton 2008), started from classical scaling, which keeps clusters
    that resemble one another side by side (Kobak and Berens 2019); few parts by classical scaling alone. Of very many
    parts how faithful it is shows in a sample.
    """
    xy, method = _classical(parts), "classical scaling (Torgerson 1952)"
    count = len(parts)
    if count >= FEWEST_FOR_TSNE:
        perplexity = min(PERPLEXITY, (count - 1) / 3)
        xy = _lying(_tsne(parts, xy, perplexity, seed))
        method = f"t-SNE of perplexity {perplexity:.3g}, started from classical scaling, seed {seed}"
    judged, distance = xy[parts.sampled_rows], parts.sample.distance
    neighbours = min(NEIGHBOURS, (len(judged) - 1) // 2)
    return Projection(xy, method, neighbours, _trustworthiness(distance, judged, neighbours), _ranks(distance, judged))


def _classical(parts: Parts) -> Matrix:
    flat = np.zeros((len(parts), 2))
    coordinates = principal(parts.coordinates, 2)
    flat[:, : coordinates.shape[1]] = coordinates
    return _lying(flat)


def _lying(xy: Matrix) -> Matrix:
    """Turned so that the points spread along x most, those farthest out on the positive sides of both axes."""
    centred = xy - xy.mean(axis=0)
    turned = centred @ np.linalg.eigh(centred.T @ centred)[1][:, ::-1]
    farthest = turned[np.abs(turned).argmax(axis=0), [0, 1]]
    lying: Matrix = turned * np.where(farthest < 0, -1.0, 1.0)
    return lying


def _tsne(parts: Parts, start: Matrix, perplexity: float, seed: int) -> Matrix:
    from sklearn.manifold import TSNE

    exact = len(parts) <= _EXACT_UP_TO
    given = principal(parts.coordinates, _AXES) if parts.many else parts.distance
    spread = max(float(start[:, 0].std()), 1e-12)
    rng = np.random.default_rng(seed)
    best, least = start, np.inf
    for _ in range(_STARTS if exact else 1):
        jitter = rng.normal(scale=1e-2, size=start.shape)  # parts at one place can part
        model = TSNE(
            metric="euclidean" if parts.many else "precomputed",
            init=1e-4 * (start / spread + jitter),
            perplexity=perplexity,
            random_state=seed,
            method="exact" if exact else "barnes_hut",
        )
        xy = model.fit_transform(given.copy())  # it squares what it is given
        if model.kl_divergence_ < least:
            best, least = xy.astype(np.float64), model.kl_divergence_
    return best


def _trustworthiness(distance: Matrix, xy: Matrix, neighbours: int) -> float | None:
    from sklearn.manifold import trustworthiness

    if neighbours < 1:
        return None
    return float(trustworthiness(distance, xy, n_neighbors=neighbours, metric="precomputed"))


def _ranks(distance: Matrix, xy: Matrix) -> float | None:
    from scipy.spatial.distance import pdist, squareform
    from scipy.stats import spearmanr

    true, drawn = squareform(distance, checks=False), pdist(xy)
    if len(true) < 2 or np.ptp(true) == 0 or np.ptp(drawn) == 0:
        return None
    return float(spearmanr(true, drawn)[0])
