"""So many oriented points of each cloud, for what reckons with points and normals themselves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from srclib_ros.embedding.preprocess import CanonicalClouds, evenly
from srclib_ros.geometry.oriented import rows_of
from srclib_ros.types import FloatArray


def surfels(clouds: Sequence[FloatArray], canonical: CanonicalClouds, count: int) -> FloatArray:
    """(B, count, 6) float32 of bare or oriented clouds, as they lie along their longest axes: points that have a
    normal, some twice where there are fewer; nothing but 0 for a cloud none of whose normals is known."""
    found = np.empty((len(clouds), count, 6), np.float32)
    for of_cloud, cloud, order in zip(found, clouds, canonical.order, strict=True):
        of_cloud[:] = _of(cloud, evenly(order, count))
    return found


def _of(cloud: FloatArray, rows: npt.NDArray[np.int64]) -> FloatArray:
    found = rows_of(cloud, rows)
    known = np.flatnonzero(np.isfinite(found[:, 3]))
    if not len(known):
        return np.zeros((len(rows), 6), np.float32)
    return found if len(known) == len(rows) else found[evenly(known, len(rows))]
