"""Unit vectors in 16 bits, as a large library keeps them: half the memory, and read faster than float16."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from srclib_ros.types import FloatArray

FULL_SCALE = np.float32(32767.0)


def packed(vectors: npt.NDArray[np.generic]) -> npt.NDArray[np.int16]:
    """Components in [-1, 1] as int16, wrong by at most 2e-5, what rounding left beyond cut off; what is packed already
    stays as it is."""
    if vectors.dtype == np.int16:
        return vectors.astype(np.int16, copy=False)
    whole: npt.NDArray[np.int16] = np.rint(
        np.clip(vectors.astype(np.float32, copy=False), -1.0, 1.0) * FULL_SCALE
    ).astype(np.int16)
    return whole


def unpacked(vectors: npt.NDArray[np.generic]) -> FloatArray:
    """Components as float32; what was never packed stays as it is."""
    if vectors.dtype == np.int16:
        whole: FloatArray = np.multiply(vectors, np.float32(1.0) / FULL_SCALE, dtype=np.float32)
        return whole
    return vectors.astype(np.float32, copy=False)
