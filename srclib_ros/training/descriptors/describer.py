"""What retrieval can be measured of: anything that turns clouds into shape and size, apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from srclib_ros.embedding.encoder import Descriptors
from srclib_ros.geometry.oriented import points_of
from srclib_ros.types import FloatArray


class Describer(Protocol):
    """The encoder is one, and so is every hand-made descriptor.

    A describer says shape as unit rows that do not change when the cloud is turned or scaled, and size beside it as
    one length. `library.search.distances` adds the two up for all describers alike.
    """

    def describe(self, clouds: Sequence[FloatArray]) -> Descriptors:
        """Of bare or oriented clouds, metres, any frame: embeddings (B, D) unit rows, and size_m (B,)."""
        ...


def sizes_m(clouds: Sequence[FloatArray]) -> FloatArray:
    """(B,) observed sizes of clouds in metres, as `preprocess.CanonicalClouds` has them."""
    return np.array([rms_radius(points_of(cloud)) for cloud in clouds], np.float32)


def rms_radius(cloud: FloatArray) -> float:
    """Root mean square distance of the points (N, 3) to their centroid, in their unit: the observed size."""
    return float(np.sqrt(cloud.var(axis=0, dtype=np.float64).sum()))


def unit_histograms(counts: FloatArray) -> FloatArray:
    """Histograms (B, D) as unit rows: the roots of their shares.

    One minus the cosine of two such rows is their squared Hellinger distance.
    """
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    rows: FloatArray = np.sqrt(shares).astype(np.float32)
    return rows


def thinned_for(cloud: FloatArray, most: int) -> FloatArray:
    """At most `most` points of the cloud (N, 3), drawn evenly at random; the same cloud gives the same points."""
    if len(cloud) <= most:
        return cloud
    return cloud[np.random.default_rng(0).permutation(len(cloud))[:most]]
