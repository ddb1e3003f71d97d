"""Clusters within clusters: merged from the bottom up, or split from the top down."""

from __future__ import annotations

import numpy as np

from srclib_ros.errors import ConfigError
from srclib_ros.library.clustering.choice import BY_SILHOUETTE, best_silhouette, check_k
from srclib_ros.library.clustering.clustering import Clustering, Labels, Parts, result
from srclib_ros.types import Matrix

LINKAGES = ("average", "complete", "single")


def agglomerative(parts: Parts, k: int | None = None, linkage: str = "average") -> Clustering:
    """Merge the two nearest clusters until k are left; the whole dendrogram is the result's `tree`."""
    from scipy.cluster.hierarchy import cut_tree
    from scipy.cluster.hierarchy import linkage as merge
    from scipy.spatial.distance import squareform

    if linkage not in LINKAGES:
        raise ConfigError(f"linkage {linkage!r} is unknown: {', '.join(LINKAGES)}")
    tree = merge(squareform(parts.distance, checks=False), linkage) if len(parts) > 1 else np.zeros((0, 4))

    def cut(k: int) -> Labels:
        if not len(tree):
            return np.zeros(len(parts), np.int64)
        labels: Labels = cut_tree(tree, n_clusters=k)[:, 0].astype(np.int64)
        return labels

    chosen = {}
    if k is None:
        k, chosen["k"] = best_silhouette(parts.distance, cut), BY_SILHOUETTE
    check_k(k, len(parts))
    return result(parts, cut(k), "agglomerative", {"k": k, "linkage": linkage}, chosen, tree=tree)


def divisive(parts: Parts, k: int | None = None) -> Clustering:
    """DIANA (Kaufman and Rousseeuw 1990): split the widest cluster until there are k."""
    levels = [np.zeros(len(parts), np.int64)]

    def cut(k: int) -> Labels:
        while len(levels) < k:
            split = split_widest(parts.distance, levels[-1])
            if split is None:
                break
            levels.append(split)
        return levels[min(k, len(levels)) - 1]

    chosen = {}
    if k is None:
        k, chosen["k"] = best_silhouette(parts.distance, cut), BY_SILHOUETTE
    check_k(k, len(parts))
    return result(parts, cut(k), "divisive", {"k": k}, chosen)


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
