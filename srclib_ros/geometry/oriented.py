"""Oriented clouds: (N, 6) float32, points in metres and beside each its unit normal, NaN where it is not known.

Rows stay together when a cloud is thinned, cut or joined. Where one is welcome, so is a bare cloud (N, 3).
"""

from __future__ import annotations

import numpy as np

from srclib_ros.geometry.normals import neighbour_normals
from srclib_ros.types import FloatArray, Matrix

NEIGHBOURS = 20


def oriented(points: FloatArray, normals: FloatArray) -> FloatArray:
    """(N, 6) of points (N, 3) and their normals (N, 3)."""
    return np.concatenate([points, normals], axis=1)


def points_of(cloud: FloatArray) -> FloatArray:
    """(N, 3) points of a bare or oriented cloud."""
    return cloud[:, :3]


def normals_of(cloud: FloatArray) -> FloatArray:
    """(N, 3) unit normals: an oriented cloud's own; a bare cloud's from its points, of either sign."""
    if cloud.shape[1] == 6:
        return cloud[:, 3:]
    return neighbour_normals(cloud, np.zeros(3), NEIGHBOURS)


def turned(cloud: FloatArray, rotation: Matrix | FloatArray) -> FloatArray:
    """A bare or oriented cloud turned about the origin by a rotation (3, 3)."""
    turn = rotation.astype(np.float32).T
    return np.concatenate([part @ turn for part in np.split(cloud, cloud.shape[1] // 3, axis=1)], axis=1)
