"""Clusters within clusters: merged from the bottom up, or split from the top down."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from srclib_ros.errors import ConfigError
from srclib_ros.library.clustering.centroid import mini_batch_centres
from srclib_ros.library.clustering.choice import BY_SILHOUETTE, best_silhouette, check_k
from srclib_ros.library.clustering.clustering import Clustering, Labels, Parts, result
from srclib_ros.library.clustering.many import nearest_two
from srclib_ros.types import Matrix

LINKAGES = ("average", "complete", "single")


REPRESENTATIVES = 1_000
"""Stand for many parts, in whose stead they are merged or split."""


def agglomerative(parts: Parts, k: int | None = None, linkage: str = "average", seed: int = 0) -> Clustering:
    """Merge the two nearest clusters until k are left; the whole dendrogram is the result's `tree`.

    seed: of `StandIns`.
    """
    from scipy.cluster.hierarchy import cut_tree
    from scipy.cluster.hierarchy import linkage as merge
    from scipy.spatial.distance import squareform

    if linkage not in LINKAGES:
        raise ConfigError(f"linkage {linkage!r} is unknown: {', '.join(LINKAGES)}")
    stand_ins = StandIns(parts, seed)
    distance = stand_ins.distance
    tree = merge(squareform(distance, checks=False), linkage) if len(distance) > 1 else np.zeros((0, 4))

    def cut(k: int) -> Labels:
        if not len(tree):
            return np.zeros(len(distance), np.int64)
        labels: Labels = cut_tree(tree, n_clusters=k)[:, 0].astype(np.int64)
        return labels

    return stand_ins.result("agglomerative", k, cut, {"linkage": linkage}, tree)


def divisive(parts: Parts, k: int | None = None, seed: int = 0) -> Clustering:
    """DIANA (Kaufman and Rousseeuw 1990): split the widest cluster until there are k. seed: of `StandIns`."""
    stand_ins = StandIns(parts, seed)
    levels = [np.zeros(len(stand_ins.distance), np.int64)]

    def cut(k: int) -> Labels:
        while len(levels) < k:
            split = split_widest(stand_ins.distance, levels[-1])
            if split is None:
                break
            levels.append(split)
        return levels[min(k, len(levels)) - 1]

    return stand_ins.result("divisive", k, cut, {})


class StandIns:
    """The parts that are merged or split: all of them, or where there are many, `REPRESENTATIVES` that the others
    follow, found by K-Means, which alone draws at random.

    distance: (R, R) between them.
    """

    def __init__(self, parts: Parts, seed: int) -> None:
        self._parts, self._seed = parts, seed
        self._rows, self._follow = np.arange(len(parts)), np.arange(len(parts))
        if parts.many:
            centres = mini_batch_centres(parts, REPRESENTATIVES, seed)
            self._rows = np.unique(nearest_two(centres, parts.coordinates)[0])
            self._follow = nearest_two(parts.coordinates, parts.coordinates[self._rows])[0]
        self.distance = parts.at(self._rows).distance if parts.many else parts.distance

    def result(
        self,
        algorithm: str,
        k: int | None,
        cut: Callable[[int], Labels],
        parameters: Mapping[str, Any],
        tree: Matrix | None = None,
    ) -> Clustering:
        """The clustering of all parts by a `cut` of the stand-ins into k clusters, k found where it is None."""
        chosen, many, count = {}, self._parts.many, len(self._rows)
        if k is None:
            how = f"{BY_SILHOUETTE}, of {count} representatives" if many else BY_SILHOUETTE
            k, chosen["k"] = best_silhouette(self.distance, cut), how
        check_k(k, count, f"representatives of {len(self._parts)} parts" if many else "parts")
        followed = f"clusters of {count} representatives, found by K-Means, that the others follow"
        return result(
            self._parts,
            cut(k)[self._follow],
            algorithm,
            {"k": k, **parameters, "seed": self._seed},
            chosen,
            tree=tree,
            leaves=self._rows if many else None,
            approximated=followed if many else "",
        )


def split_widest(distance: Matrix, labels: Labels) -> Labels | None:
    """The labels with the cluster of the largest diameter split in two; None when every one is a point."""
    clusters = [np.flatnonzero(labels == label) for label in range(int(labels.max(initial=0)) + 1)]
    widths = [distance[np.ix_(members, members)].max(initial=0) for members in clusters]
    if max(widths) <= 0:
        return None
    members = clusters[int(np.argmax(widths))]
    own = distance[np.ix_(members, members)]
    leaving = np.zeros(len(members), np.bool_)
    leaving[own.sum(axis=1).argmax()] = True
    while (~leaving).sum() > 1:
        stay = own[:, ~leaving].sum(axis=1) / ((~leaving).sum() - 1)
        pull = np.where(leaving, -np.inf, stay - own[:, leaving].mean(axis=1))
        best = int(pull.argmax())
        if pull[best] <= 0:
            break
        leaving[best] = True
    split = labels.copy()
    split[members[leaving]] = len(clusters)
    return split
