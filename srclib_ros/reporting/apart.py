"""How far one part lies from the others, whether there is a matrix of distances or too many parts for one."""

from __future__ import annotations

import numpy as np

from srclib_ros.library.clustering import Parts
from srclib_ros.types import FloatArray


def apart(parts: Parts, row: int) -> FloatArray:
    """(E,) float32 distances of one part to all."""
    distance: FloatArray = (
        np.linalg.norm(parts.coordinates - parts.coordinates[row], axis=1) if parts.many else parts.distance[row]
    ).astype(np.float32)
    return distance
