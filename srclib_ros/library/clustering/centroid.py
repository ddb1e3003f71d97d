"""Each part belongs to the nearest of k centres."""

from __future__ import annotations

import numpy as np

from srclib_ros.library.clustering.choice import BY_SILHOUETTE, best_silhouette, check_k
from srclib_ros.library.clustering.clustering import Clustering, Labels, Parts, result
from srclib_ros.types import Matrix


def k_means(parts: Parts, k: int | None = None, seed: int = 0) -> Clustering:
    """K-Means (Lloyd 1982; started as k-means++) on the coordinates."""
    from sklearn.cluster import KMeans

    def cut(k: int) -> Labels:
        labels: Labels = KMeans(k, n_init=10, random_state=seed).fit(parts.coordinates).labels_
        return labels

    chosen = {}
    if k is None:
        k, chosen["k"] = best_silhouette(parts.distance, cut), BY_SILHOUETTE
    check_k(k, len(parts))
    return result(parts, cut(k), "k_means", {"k": k, "seed": seed}, chosen)


def k_medoids(parts: Parts, k: int | None = None) -> Clustering:
    """K-Medoids (PAM, Kaufman and Rousseeuw 1990): the centres are parts, and any distance will do."""

    def cut(k: int) -> Labels:
        labels: Labels = parts.distance[:, partition_around_medoids(parts.distance, k)].argmin(axis=1)
        return labels

    chosen = {}
    if k is None:
        k, chosen["k"] = best_silhouette(parts.distance, cut), BY_SILHOUETTE
    check_k(k, len(parts))
    return result(parts, cut(k), "k_medoids", {"k": k}, chosen)


def partition_around_medoids(distance: Matrix, k: int) -> Labels:
    """(k,) rows of the medoids: built greedily, then exchanged as long as the best exchange lowers the sum.

    All exchanges are weighed at once, with the removal loss of FastPAM (Schubert and Rousseeuw 2021).
    """
    count = len(distance)
    rows = [int(distance.sum(axis=1).argmin())]
    while len(rows) < k:
        gain = np.maximum(distance[:, rows].min(axis=1)[None] - distance, 0).sum(axis=1)
        gain[rows] = -1
        rows.append(int(gain.argmax()))
    chosen = np.array(rows, np.int64)
    while count > k:
        order = np.argsort(distance[:, chosen], axis=1, kind="stable")
        own = order[:, 0]
        nearest = distance[np.arange(count), chosen[own]]
        second = distance[np.arange(count), chosen[order[:, 1]]] if k > 1 else np.full(count, np.inf)
        joined = np.minimum(distance - nearest, 0)
        lost = np.minimum(distance, second) - nearest - joined
        change = joined.sum(axis=1)[:, None] + lost @ (own[:, None] == np.arange(k))
        change[chosen] = np.inf
        entering, leaving = np.unravel_index(int(change.argmin()), change.shape)
        if change[entering, leaving] >= -1e-9 * max(float(nearest.sum()), 1e-12):
            break
        chosen[leaving] = entering
    return chosen
