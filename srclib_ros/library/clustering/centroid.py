"""Each part belongs to the nearest of k centres."""

from __future__ import annotations

import numpy as np

from srclib_ros.library.clustering.choice import BY_SILHOUETTE, best_silhouette, check_k, of_the_sample
from srclib_ros.library.clustering.clustering import Clustering, Labels, Parts, result
from srclib_ros.library.clustering.many import drawn, nearest_two
from srclib_ros.types import Matrix

MINI_BATCHES = "K-Means in mini-batches (Sculley 2010)"
CLARA_DRAWS = 5
CLARA = "K-Medoids by CLARA (Kaufman and Rousseeuw 1990): the best medoids of {} samples of {} parts"


def k_means(parts: Parts, k: int | None = None, seed: int = 0) -> Clustering:
    """K-Means (Lloyd 1982; started as k-means++) on the coordinates; in mini-batches where there are many parts."""
    from sklearn.cluster import KMeans

    def cut(k: int) -> Labels:
        labels: Labels = KMeans(k, n_init=10, random_state=seed).fit(parts.sample.coordinates).labels_
        return labels

    chosen = {}
    if k is None:
        k, chosen["k"] = best_silhouette(parts.sample.distance, cut), of_the_sample(BY_SILHOUETTE, parts)
    check_k(k, len(parts))
    parameters = {"k": k, "seed": seed}
    if parts.many:
        labels = nearest_two(parts.coordinates, mini_batch_centres(parts, k, seed))[0]
        return result(parts, labels, "k_means", parameters, chosen, approximated=MINI_BATCHES)
    return result(parts, cut(k), "k_means", parameters, chosen)


def mini_batch_centres(parts: Parts, k: int, seed: int) -> Matrix:
    """(k, D) centres of K-Means in mini-batches."""
    from sklearn.cluster import MiniBatchKMeans

    fitted = MiniBatchKMeans(k, batch_size=max(4096, k), n_init=1, random_state=seed)
    centres: Matrix = fitted.fit(parts.coordinates.astype(np.float32)).cluster_centers_.astype(np.float64)
    return centres


def k_medoids(parts: Parts, k: int | None = None, seed: int = 0) -> Clustering:
    """K-Medoids (PAM, Kaufman and Rousseeuw 1990): the centres are parts, and any distance will do. CLARA where there
    are many parts, which alone draws at random.
    """

    def cut(k: int) -> Labels:
        distance = parts.sample.distance
        labels: Labels = distance[:, partition_around_medoids(distance, k)].argmin(axis=1)
        return labels

    chosen = {}
    if k is None:
        k, chosen["k"] = best_silhouette(parts.sample.distance, cut), of_the_sample(BY_SILHOUETTE, parts)
    check_k(k, len(parts))
    parameters = {"k": k, "seed": seed}
    if parts.many:
        labels = nearest_two(parts.coordinates, parts.coordinates[clara(parts, k, seed)])[0]
        how = CLARA.format(CLARA_DRAWS, _clara_size(k, len(parts)))
        return result(parts, labels, "k_medoids", parameters, chosen, approximated=how)
    return result(parts, cut(k), "k_medoids", parameters, chosen)


def clara(parts: Parts, k: int, seed: int) -> Labels:
    """(k,) rows: of the medoids of a few samples those that lie nearest to all parts. Later samples hold the best so
    far.
    """
    rng = np.random.default_rng(seed)
    best, least = np.zeros(0, np.int64), np.inf
    for _ in range(CLARA_DRAWS):
        rows = np.union1d(drawn(len(parts), _clara_size(k, len(parts)), rng), best)
        found = rows[partition_around_medoids(parts.at(rows).distance, k)]
        cost = float(nearest_two(parts.coordinates, parts.coordinates[found])[1].sum())
        if cost < least:
            best, least = found, cost
    return best


def _clara_size(k: int, count: int) -> int:
    return min(40 + 2 * k, count)


def partition_around_medoids(distance: Matrix, k: int) -> Labels:
    """(k,) rows of the medoids: built greedily, then exchanged as long as the best exchange lowers the sum.

    All exchanges are weighed at once, with the removal loss of FastPAM (Schubert and Rousseeuw 2021).
    """
    count = len(distance)
    rows = [int(distance.sum(axis=1).argmin())]
    near = distance[rows[0]]
    while len(rows) < k:
        gain = np.maximum(near - distance, 0).sum(axis=1)
        gain[rows] = -1
        rows.append(int(gain.argmax()))
        near = np.minimum(near, distance[rows[-1]])
    chosen, every = np.array(rows, np.int64), np.arange(count)
    while count > k:
        apart = distance[:, chosen]
        own = apart.argmin(axis=1)
        nearest = apart[every, own]
        apart[every, own] = np.inf
        second = apart.min(axis=1)
        joined = np.minimum(distance - nearest, 0)
        lost = np.minimum(distance, second) - nearest - joined
        order = np.argsort(own, kind="stable")
        owners, starts = np.unique(own[order], return_index=True)
        change = np.repeat(joined.sum(axis=1)[:, None], k, axis=1)
        change[:, owners] += np.add.reduceat(lost[:, order], starts, axis=1)
        change[chosen] = np.inf
        entering, leaving = np.unravel_index(int(change.argmin()), change.shape)
        if change[entering, leaving] >= -1e-9 * max(float(nearest.sum()), 1e-12):
            break
        chosen[leaving] = entering
    return chosen
