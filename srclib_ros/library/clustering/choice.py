"""What a user would have to guess, from the data: how many clusters there are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from srclib_ros.errors import ConfigError
from srclib_ros.library.clustering.clustering import Labels, Parts
from srclib_ros.library.entry import NOISE
from srclib_ros.types import Matrix

BY_SILHOUETTE = "the number of clusters with the highest mean silhouette"


def of_the_sample(how: str, parts: Parts) -> str:
    """How a parameter was found, and from which of the parts."""
    return f"{how}, of a sample of {len(parts.sample)} parts" if parts.many else how


def candidates(count: int) -> list[int]:
    """Numbers of clusters worth trying for `count` parts: 2 to half of them, at most 60 of these, growing apart."""
    most = count // 2
    return sorted({int(k) for k in np.round(np.geomspace(2, most, 60))}) if most >= 2 else []


def best_silhouette(distance: Matrix, cut: Callable[[int], Labels]) -> int:
    """The k whose `cut(k)` has the highest mean silhouette; 1 where there are too few parts."""
    tried = {k: silhouette(distance, cut(k)) for k in candidates(len(distance))}
    return max(tried, key=tried.__getitem__) if tried and max(tried.values()) > -np.inf else 1


def silhouette(distance: Matrix, labels: Labels) -> float:
    """Mean silhouette (Rousseeuw 1987), that of a part by itself or of noise being 0; -inf where all are together or
    each is by itself.
    """
    from sklearn.metrics import silhouette_score

    alone = np.where(labels == NOISE, len(labels) + np.arange(len(labels)), labels)
    if not 2 <= len(set(alone.tolist())) < len(labels):
        return -np.inf
    return float(silhouette_score(distance, alone, metric="precomputed"))


def check_k(k: int, count: int, of: str = "parts") -> None:
    """Raises ConfigError for a number of clusters that cannot be. of: what the `count` are."""
    if not 1 <= k <= count:
        raise ConfigError(f"{k} clusters of {count} {of}: give 1 to {count}")
