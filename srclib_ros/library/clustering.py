"""Groups of parts that resemble one another, from their distances. Build time only: scikit-learn's company.

One interface for every algorithm to come: a distance matrix in, a named `Clustering` out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from srclib_ros.library.entry import NOISE
from srclib_ros.library.search import Gallery
from srclib_ros.types import FloatArray, Matrix


@dataclass(frozen=True, eq=False)
class Clustering:
    """labels: (E,) int64 from 0, `NOISE` for members of none. strengths: (E,) in [0, 1], 0 for noise.

    representatives: cluster -> row of its medoid. algorithm, parameters: how it was found.
    """

    labels: npt.NDArray[np.int64]
    strengths: FloatArray
    representatives: Mapping[int, int]
    algorithm: str
    parameters: Mapping[str, Any]


def part_distances(gallery: Gallery) -> Matrix:
    """(E, E) symmetric distances in shape alone: how far a view of one part lies from the nearest of the other.

    Averaged over the views and both directions; size plays no part, as networks transfer across sizes.
    """
    entries, views, dim = gallery.embeddings.shape
    flat = gallery.embeddings.reshape(-1, dim)
    one_way = np.empty((entries, entries))
    for row, own in enumerate(gallery.embeddings):
        squared = np.maximum(1.0 - own @ flat.T, 0.0).reshape(views, entries, views).min(axis=2)
        one_way[row] = squared.mean(axis=0)
    matrix = np.sqrt((one_way + one_way.T) / 2.0)
    np.fill_diagonal(matrix, 0.0)
    return matrix


def hdbscan(distance: Matrix, min_cluster_size: int = 2) -> Clustering:
    """HDBSCAN (Campello et al. 2013) on an (E, E) distance matrix: clusters of differing density, and noise."""
    from hdbscan import HDBSCAN

    if len(distance) <= min_cluster_size:
        labels, strengths = np.full(len(distance), NOISE), np.zeros(len(distance))
    else:
        found = HDBSCAN(metric="precomputed", min_cluster_size=min_cluster_size, min_samples=1).fit(distance)
        labels, strengths = found.labels_, found.probabilities_
    return Clustering(
        labels=labels.astype(np.int64),
        strengths=np.where(labels == NOISE, 0.0, strengths).astype(np.float32),
        representatives=medoids(distance, labels),
        algorithm="hdbscan",
        parameters={"min_cluster_size": min_cluster_size, "min_samples": 1},
    )


def medoids(distance: Matrix, labels: npt.NDArray[np.int64]) -> dict[int, int]:
    """Cluster -> row of the member with the smallest sum of distances to the others; the first of equals."""
    chosen = {}
    for cluster in sorted(set(labels.tolist()) - {NOISE}):
        members = np.flatnonzero(labels == cluster)
        chosen[cluster] = int(members[np.argmin(distance[np.ix_(members, members)].sum(axis=1))])
    return chosen
