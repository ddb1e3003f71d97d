"""Clusters where parts lie dense, the rest noise."""

from __future__ import annotations

import numpy as np

from srclib_ros.library.clustering.choice import silhouette
from srclib_ros.library.clustering.clustering import Clustering, Labels, Parts, result
from srclib_ros.library.entry import NOISE
from srclib_ros.types import Matrix

TRIED = 40
"""Reaches of a neighbourhood that are tried where none is given."""


def dbscan(parts: Parts, eps: float | None = None, min_samples: int = 2) -> Clustering:
    """DBSCAN (Ester et al. 1996). eps: reach of a neighbourhood, in the unit of the distances; None finds it."""
    from sklearn.cluster import DBSCAN

    def cut(eps: float) -> Labels:
        labels: Labels = (
            DBSCAN(eps=max(eps, 1e-12), min_samples=min_samples, metric="precomputed").fit(distance).labels_
        )
        return labels

    distance, chosen = parts.distance, {}
    if eps is None:
        reaches = neighbour_distances(distance, min_samples)
        tried = np.unique(np.quantile(reaches, np.linspace(0, 1, TRIED))) if len(reaches) else np.zeros(1)
        eps = float(max(tried, key=lambda reach: silhouette(distance, cut(reach))))
        chosen["eps"] = (
            f"of {len(tried)} distances to the neighbour number {min_samples - 1}, the one with the highest mean "
            "silhouette, noise counted as 0"
        )
    return result(parts, cut(eps), "dbscan", {"eps": float(eps), "min_samples": min_samples}, chosen)


def hdbscan(parts: Parts, min_cluster_size: int = 2, min_samples: int = 1) -> Clustering:
    """HDBSCAN (Campello et al. 2013): clusters of differing density."""
    from hdbscan import HDBSCAN

    labels, strengths, tree = np.full(len(parts), NOISE), np.zeros(len(parts)), None
    if len(parts) > min_cluster_size:
        model = HDBSCAN(metric="precomputed", min_cluster_size=min_cluster_size, min_samples=min_samples)
        found = model.fit(parts.distance)
        labels, strengths, tree = found.labels_, found.probabilities_, found.single_linkage_tree_.to_numpy()
    parameters = {"min_cluster_size": min_cluster_size, "min_samples": min_samples}
    return result(parts, labels, "hdbscan", parameters, {}, strengths, tree)


def neighbour_distances(distance: Matrix, min_samples: int) -> Matrix:
    """(E,) ascending: how far each part has to reach for `min_samples` parts, itself among them."""
    reach = min(max(min_samples - 1, 1), len(distance) - 1)
    return np.sort(np.partition(distance, reach, axis=1)[:, reach]) if len(distance) > 1 else np.zeros(len(distance))
