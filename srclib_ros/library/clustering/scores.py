"""How good a clustering is, by itself and against categories that somebody gave the parts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from srclib_ros.library.clustering.clustering import Clustering, Parts, by_first_member
from srclib_ros.library.entry import NOISE


def scores(parts: Parts, found: Clustering, categories: Sequence[str]) -> dict[str, float | None]:
    """`clusters`, `noise` (share), `silhouette` and `dbcv` (Moulavi et al. 2014) of what is no noise, `ari` and `nmi`
    against the categories of those parts that have one (not ""), see `noise_alone`. None where it is not defined. Of
    many parts the silhouette is that of a sample, and there is no dbcv.
    """
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score, silhouette_score

    member = found.labels != NOISE
    clusters = len(found.representatives)
    named = np.array([bool(category) for category in categories])
    truth = [category for category in categories if category]
    labelled = noise_alone(found.labels)[named]
    rows = parts.sampled_rows[member[parts.sampled_rows]]
    labels = found.labels[rows]
    distance = parts.at(rows).distance if parts.many else parts.distance[np.ix_(rows, rows)]
    separable = 2 <= len(set(labels.tolist())) < len(labels)
    return {
        "clusters": clusters,
        "noise": float(1 - member.mean()) if len(member) else 0.0,
        "silhouette": float(silhouette_score(distance, labels, metric="precomputed")) if separable else None,
        "dbcv": _dbcv(parts, found) if separable and not parts.many else None,
        "ari": float(adjusted_rand_score(truth, labelled)) if truth else None,
        "nmi": float(normalized_mutual_info_score(truth, labelled)) if truth else None,
    }


def noise_alone(labels: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """(E,) labels of clusters in which each part that is noise makes a cluster of its own: it resembles no other."""
    return np.where(labels != NOISE, labels, labels.max(initial=0) + 1 + np.arange(len(labels)))


def _dbcv(parts: Parts, found: Clustering) -> float | None:
    """In [-1, 1]; a cluster of one has no density and counts as noise; None where densities are not defined."""
    from hdbscan.validity import validity_index

    alone = np.bincount(found.labels[found.labels != NOISE]) == 1
    labels = by_first_member(np.where((found.labels != NOISE) & alone[found.labels], NOISE, found.labels))
    if labels.max() < 1:
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(
            validity_index(
                parts.distance.copy(), labels, metric="precomputed", d=parts.coordinates.shape[1], verbose=False
            )
        )
    return value if np.isfinite(value) else None
