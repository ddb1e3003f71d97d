"""How far one part lies from the others, whether there is a matrix of distances or too many parts for one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from srclib_ros.library.clustering import Parts
from srclib_ros.types import FloatArray


def apart(parts: Parts, row: int, others: npt.NDArray[np.int64] | slice = slice(None)) -> FloatArray:
    """(O,) float32 distances of one part to others, or (E,) to all."""
    distance: FloatArray = (
        np.linalg.norm(parts.coordinates[others] - parts.coordinates[row], axis=1)
        if parts.many
        else parts.distance[row, others]
    ).astype(np.float32)
    return distance
