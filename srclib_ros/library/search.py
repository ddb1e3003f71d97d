"""How far a query lies from the entries of a library: the nearest stored view of each, in shape and in size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from srclib_ros.embedding.encoder import Descriptors
from srclib_ros.types import FloatArray


@dataclass(frozen=True, eq=False)
class Gallery:
    """What a library remembers of its entries' looks.

    embeddings: (E, V, D) float32, unit rows. size_m: (E, V) float32, the observed size of each view: a partial view
    is smaller than its part, so that queries are compared with views and not with the CAD's diameter.
    """

    embeddings: FloatArray
    size_m: FloatArray


def distances(gallery: Gallery, queries: Descriptors, size_weight: float) -> FloatArray:
    """(B, E) distance of each query to each entry's nearest view; `similarity_of` reads it.

    d^2 = |e_q - e_v|^2 / 2 + (size_weight * ln(size_q / size_v))^2: one minus the cosine, and openly the size;
    with size_weight 0 the size does not matter at all.
    """
    entries, views, dim = gallery.embeddings.shape
    squared = 1.0 - queries.embeddings @ gallery.embeddings.reshape(-1, dim).T
    if size_weight > 0.0:
        log_ratio = np.log(queries.size_m)[:, None] - np.log(gallery.size_m).reshape(-1)
        squared += (size_weight * log_ratio) ** 2
    nearest = squared.reshape(-1, entries, views).min(axis=2)
    return np.sqrt(np.maximum(nearest, 0.0))


def nearest_view(gallery: Gallery, entry: int, queries: Descriptors, size_weight: float) -> np.ndarray:
    """(B,) index of the view of one entry that lies nearest to each query."""
    squared = 1.0 - queries.embeddings @ gallery.embeddings[entry].T
    log_ratio = np.log(queries.size_m)[:, None] - np.log(gallery.size_m[entry])
    return np.argmin(squared + (size_weight * log_ratio) ** 2, axis=1)


def similarity_of(distance: FloatArray) -> FloatArray:
    """1 for the same view, 0 for the unlike: the cosine, less what the size differs. No probability."""
    return np.clip(1.0 - distance**2, 0.0, 1.0)
