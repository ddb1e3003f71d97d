"""Gradient boosted trees (Friedman, Ann. Stat. 2001) that say yes or no, read from tensors and run in numpy."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from srclib_ros.types import FloatArray

MOST_NODES = 1024
MOST_ODDS = 1e3  # logarithm, of one tree


@dataclass(frozen=True, eq=False)
class BoostedTrees:
    """feature, left, right: (T, N) int32 of each tree's nodes, threshold, value: (T, N) float32; children stand behind
    their node, and a leaf's are itself. A row goes left where its feature is at most the threshold. start: log odds
    before the first tree.
    """

    feature: npt.NDArray[np.int32]
    threshold: FloatArray
    left: npt.NDArray[np.int32]
    right: npt.NDArray[np.int32]
    value: FloatArray
    start: float

    @classmethod
    def read(cls, tensors: Mapping[str, npt.NDArray[Any]], name: str, features: Sequence[str]) -> BoostedTrees:
        """The trees `name` of these tensors, see `stored`. Raises KeyError or ValueError where they are not whole, or
        were grown on other features."""
        trees = cls(
            feature=tensors[f"{name}.feature"],
            threshold=tensors[f"{name}.threshold"],
            left=tensors[f"{name}.left"],
            right=tensors[f"{name}.right"],
            value=tensors[f"{name}.value"],
            start=float(tensors[f"{name}.start"].item()),
        )
        if tensors[f"{name}.features"].tobytes() != _hash(features):
            raise ValueError("grown on other features")
        if not trees._whole(len(features)):
            raise ValueError("its nodes do not fit")
        return trees

    def stored(self, name: str, features: Sequence[str]) -> dict[str, npt.NDArray[Any]]:
        """Tensors to write. features: what the columns of a row are, whose names are kept as a hash."""
        return {
            f"{name}.features": np.frombuffer(_hash(features), np.uint8),
            f"{name}.feature": self.feature,
            f"{name}.threshold": self.threshold,
            f"{name}.left": self.left,
            f"{name}.right": self.right,
            f"{name}.value": self.value,
            f"{name}.start": np.array([self.start], np.float32),
        }

    def _whole(self, features: int) -> bool:
        arrays = (self.feature, self.threshold, self.left, self.right, self.value)
        if self.feature.ndim != 2 or 0 in self.feature.shape or self.feature.shape[1] > MOST_NODES:
            return False
        if any(array.shape != self.feature.shape for array in arrays):
            return False
        if any(array.dtype != np.int32 for array in (self.feature, self.left, self.right)):
            return False
        if any(array.dtype != np.float32 for array in (self.threshold, self.value)):
            return False
        own = np.arange(self.feature.shape[1])
        is_leaf = (self.left == own) & (self.right == own)
        below = np.minimum(self.left, self.right) > own
        reached = np.maximum(self.left, self.right).max() < len(own)
        known = self.feature.min() >= 0 and self.feature.max() < features
        bounded = (
            np.isfinite(self.threshold).all() and np.abs(self.value).max() < MOST_ODDS and abs(self.start) < MOST_ODDS
        )
        return bool((is_leaf | below).all() and reached and known and bounded)

    def probability(self, rows: FloatArray) -> FloatArray:
        """(M,) of yes, of rows (M, F)."""
        trees, nodes = self.feature.shape
        first = np.arange(trees) * nodes
        at = np.broadcast_to(first, (len(rows), trees))
        feature, threshold = self.feature.ravel(), self.threshold.ravel()
        left, right = self.left.ravel(), self.right.ravel()
        for _ in range(nodes):
            low = np.take_along_axis(rows, feature[at], axis=1) <= threshold[at]
            below = first + np.where(low, left[at], right[at])
            if (below == at).all():
                break
            at = below
        odds = self.start + self.value.ravel()[at].sum(axis=1)
        return expit(odds).astype(np.float32)


def _hash(features: Sequence[str]) -> bytes:
    return hashlib.sha256(" ".join(features).encode()).digest()
