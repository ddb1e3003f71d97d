"""The directions along which descriptors tell shapes apart, as the running cell uses them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from srclib_ros.types import FloatArray


@dataclass(frozen=True, eq=False)
class Discriminants:
    """mean: (L,). axes: (L, dim). `training.discriminants` finds them."""

    mean: FloatArray
    axes: FloatArray

    def describe(self, rows: FloatArray) -> FloatArray:
        """(B, dim) unit rows of descriptors (B, L); 0 for one that is nothing but 0."""
        along = (rows - self.mean) @ self.axes
        length = np.linalg.norm(along, axis=1, keepdims=True)
        seen = rows.any(axis=1, keepdims=True)
        return np.where(seen, along / np.maximum(length, 1e-9), 0.0).astype(np.float32)

    def fits(self, length: int, dim: int) -> bool:
        """Whether they are `dim` finite directions among descriptors of this length."""
        if self.mean.shape != (length,) or self.axes.shape != (length, dim):
            return False
        return bool(np.isfinite(self.mean).all() and np.isfinite(self.axes).all())
