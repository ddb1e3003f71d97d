"""Shape distribution D2: how the distances between random points of a surface are spread.

Osada, Funkhouser, Chazelle and Dobkin, "Shape distributions", ACM TOG 21(4), 2002.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from srclib_ros.embedding.encoder import Descriptors
from srclib_ros.geometry.oriented import points_of
from srclib_ros.training.descriptors.describer import sizes_m, unit_histograms
from srclib_ros.types import FloatArray

PAIRS = 8192
BINS = 64
LONGEST = 3.0  # mean distances; longer ones count into the last bin


class ShapeDistribution:
    """Histogram of the distances of 8,192 random pairs, in units of their mean as the paper normalises them."""

    def describe(self, clouds: Sequence[FloatArray]) -> Descriptors:
        """embeddings (B, 64) unit rows; size_m (B,), root mean square distance to the centroid."""
        counts = np.stack([_histogram(points_of(cloud)) for cloud in clouds])
        return Descriptors(unit_histograms(counts), sizes_m(clouds))


def _histogram(points: FloatArray) -> FloatArray:
    first, second = np.random.default_rng(0).integers(len(points), size=(2, PAIRS))
    length = np.linalg.norm(points[first] - points[second], axis=1)
    bins = length / length.mean() * (BINS / LONGEST)
    return np.bincount(np.minimum(bins, BINS - 1).astype(np.int64), minlength=BINS).astype(np.float32)
