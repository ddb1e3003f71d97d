"""Three lengths and nothing else: how much of retrieval is size and proportion."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from srclib_ros.embedding.encoder import Descriptors
from srclib_ros.geometry.oriented import points_of
from srclib_ros.types import FloatArray

EXTENT_FLOOR_M = 0.001  # extents below the camera's noise say nothing
RADIANS_EACH = 0.5  # of an e-fold in length: 1 mm beside 0.5 m stays within half a turn


class SortedExtents:
    """The cloud's lengths along its principal axes, longest first.

    Each length is set in relation to their geometric mean, and the logarithm of that is drawn as an angle on a
    circle of its own: between near shapes one minus the cosine is half the mean square of the differing logarithms.
    """

    def describe(self, clouds: Sequence[FloatArray]) -> Descriptors:
        """embeddings (B, 6) unit rows; size_m (B,), the geometric mean of the three lengths."""
        logs = log_extents(clouds)
        mean = logs.mean(axis=1, keepdims=True)
        angles = RADIANS_EACH * (logs - mean)
        rows = np.concatenate([np.cos(angles), np.sin(angles)], axis=1) / np.sqrt(np.float32(3.0))
        return Descriptors(rows.astype(np.float32), np.exp(mean[:, 0]))


def log_extents(clouds: Sequence[FloatArray]) -> FloatArray:
    """(B, 3) logarithms of each cloud's lengths along its principal axes (m), longest first."""
    lengths = []
    for points in map(points_of, clouds):
        centred = points - points.mean(axis=0)
        _, axes = np.linalg.eigh((centred.T @ centred).astype(np.float64))
        lengths.append(np.sort(np.ptp(centred @ axes, axis=0))[::-1])
    return np.log(np.array(lengths) + EXTENT_FLOOR_M).astype(np.float32)
