"""Instances in a cloud without a grid: points near each other whose normals do not fold concavely belong together."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from srclib_ros.config import SegmentationConfig
from srclib_ros.segmentation.organised import drop_small
from srclib_ros.types import FloatArray, IntArray

_NEIGHBOURS = 8
_GAP_SPACINGS = 3.0


def cloud_instances(points: FloatArray, normals: FloatArray, config: SegmentationConfig) -> IntArray:
    """(N,) int32 labels 1..n, 0 for what is no part. points, normals: (N, 3) float32, finite, one frame.

    Neighbours are joined when they lie nearer than three times the cloud's median spacing.
    """
    n = len(points)
    if n < config.min_points:
        return np.zeros(n, np.int32)
    distance, index = cKDTree(points).query(points, k=min(_NEIGHBOURS + 1, n))
    spacing = float(np.median(distance[:, 1]))
    first = np.repeat(np.arange(n), index.shape[1] - 1)
    second = index[:, 1:].ravel()
    chord = points[second] - points[first]
    turn = normals[second] - normals[first]
    length = distance[:, 1:].ravel()
    concave = np.einsum("ij,ij->i", turn, chord) < -2.0 * np.sin(config.concavity_rad / 2) * length
    joined = (length < _GAP_SPACINGS * spacing) & ~concave
    graph = coo_array((np.ones(np.count_nonzero(joined), np.int8), (first[joined], second[joined])), shape=(n, n))
    labels = connected_components(graph, directed=False)[1].astype(np.int32) + 1
    drop_small(labels, config.min_points)
    return labels
