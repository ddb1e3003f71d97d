"""Groups of parts that resemble one another. Build time only: scikit-learn's company.

One interface for every algorithm: `Parts` (distances or coordinates) in, a named `Clustering` out. Of many parts
(`many.MANY`) each works from one vector a part, from samples or representatives; `Clustering.approximated` says how.
"""

from __future__ import annotations

from collections.abc import Callable

from srclib_ros.library.clustering.centroid import k_means, k_medoids
from srclib_ros.library.clustering.clustering import Clustering, Parts, medoids, part_distances, parts_of
from srclib_ros.library.clustering.density import dbscan, hdbscan
from srclib_ros.library.clustering.distribution import gaussian_mixture
from srclib_ros.library.clustering.hierarchical import agglomerative, divisive

__all__ = ["ALGORITHMS", "Clustering", "Parts", "hdbscan", "medoids", "part_distances", "parts_of"]

ALGORITHMS: dict[str, Callable[..., Clustering]] = {
    "dbscan": dbscan,
    "hdbscan": hdbscan,
    "k_means": k_means,
    "k_medoids": k_medoids,
    "agglomerative": agglomerative,
    "divisive": divisive,
    "gaussian_mixture": gaussian_mixture,
}
