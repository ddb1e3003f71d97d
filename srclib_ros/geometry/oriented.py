"""Oriented clouds: (N, 6) float32, points in metres and beside each its unit normal, NaN where it is not known.

Rows stay together when a cloud is thinned, cut or joined. Where one is welcome, so is a bare cloud (N, 3).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from srclib_ros.geometry.normals import neighbour_normals
from srclib_ros.types import FloatArray

NEIGHBOURS, ENOUGH = 20, 1024


def oriented(points: FloatArray, normals: FloatArray) -> FloatArray:
    """(N, 6) of points (N, 3) and their normals (N, 3)."""
    return np.concatenate([points, normals], axis=1)


def points_of(cloud: FloatArray) -> FloatArray:
    """(N, 3) points of a bare or oriented cloud."""
    return cloud[:, :3]


def with_normals(points: FloatArray) -> FloatArray:
    """(N, 6) of bare points (N, 3): unit normals of either sign, from each point's nearest neighbours."""
    return oriented(points, neighbour_normals(points, np.zeros(3), NEIGHBOURS))


def rows_of(cloud: FloatArray, rows: npt.NDArray[np.int64]) -> FloatArray:
    """(M, 6) some rows (M,) of a bare or oriented cloud.

    A bare cloud's normals come from `ENOUGH` of its points: among more, neighbours are so near that noise is all
    there is between them, and it takes long.
    """
    if cloud.shape[1] == 6:
        return cloud[rows]
    evenly = np.linspace(0, len(cloud) - 1, min(ENOUGH, len(cloud))).astype(np.int64)
    kept = np.unique(np.concatenate([evenly, rows]))
    return with_normals(cloud[kept])[np.searchsorted(kept, rows)]
