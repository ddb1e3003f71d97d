"""Joins segments that are pieces of one part, where trees that were trained on simulated piles hold it likely.

A hub inside its gear, a bolt's shank below its head and what an edge or a shadow cuts off look like parts of their own
to folds and depth steps alone.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from srclib_ros.artifact import read_tensors
from srclib_ros.errors import ArtifactDamagedError
from srclib_ros.segmentation.pieces import FEATURES, Pairs
from srclib_ros.types import FloatArray

SHIPPED = Path(__file__).with_name("joining.safetensors")
FEATURES_HASH = hashlib.sha256(" ".join(FEATURES).encode()).digest()
MOST_NODES = 1024


@dataclass(frozen=True, eq=False)
class PieceJoiner:
    """Gradient boosted trees (Friedman, Ann. Stat. 2001) over `pieces.FEATURES`.

    feature, left, right: (T, N) int32 of each tree's nodes, threshold, value: (T, N) float32; children stand behind
    their node, and a leaf's are itself. A pair goes left where its feature is at most the threshold. start: log odds
    before the first tree.
    """

    feature: npt.NDArray[np.int32]
    threshold: FloatArray
    left: npt.NDArray[np.int32]
    right: npt.NDArray[np.int32]
    value: FloatArray
    start: float

    @classmethod
    def load(cls, path: Path) -> PieceJoiner:
        """Raises ArtifactMissingError or ArtifactDamagedError."""
        tensors = read_tensors(path)
        try:
            joiner = cls(
                feature=tensors["feature"],
                threshold=tensors["threshold"],
                left=tensors["left"],
                right=tensors["right"],
                value=tensors["value"],
                start=float(tensors["start"].item()),
            )
            of_these_features = bytes(tensors["features"]) == FEATURES_HASH
        except (KeyError, ValueError) as error:
            raise ArtifactDamagedError(f"{path}: no trees to join pieces with ({error}); train them again") from error
        if not of_these_features or not joiner._whole():
            raise ArtifactDamagedError(f"{path}: its trees do not fit; train them again")
        return joiner

    def _whole(self) -> bool:
        arrays = (self.feature, self.threshold, self.left, self.right, self.value)
        if self.feature.ndim != 2 or 0 in self.feature.shape or self.feature.shape[1] > MOST_NODES:
            return False
        if any(array.shape != self.feature.shape for array in arrays):
            return False
        if any(array.dtype != np.int32 for array in (self.feature, self.left, self.right)):
            return False
        own = np.arange(self.feature.shape[1])
        is_leaf = (self.left == own) & (self.right == own)
        below = np.minimum(self.left, self.right) > own
        reached = np.maximum(self.left, self.right).max() < len(own)
        known = self.feature.min() >= 0 and self.feature.max() < len(FEATURES)
        finite = np.isfinite([self.start]).all() and np.isfinite(self.threshold).all() and np.isfinite(self.value).all()
        return bool((is_leaf | below).all() and reached and known and finite)

    def probability(self, features: FloatArray) -> FloatArray:
        """(M,) that each pair (M, F) is of one part."""
        trees, nodes = self.feature.shape
        first = np.arange(trees) * nodes
        at = np.broadcast_to(first, (len(features), trees))
        feature, threshold = self.feature.ravel(), self.threshold.ravel()
        left, right = self.left.ravel(), self.right.ravel()
        for _ in range(nodes):
            low = np.take_along_axis(features, feature[at], axis=1) <= threshold[at]
            below = first + np.where(low, left[at], right[at])
            if (below == at).all():
                break
            at = below
        odds = self.start + self.value.ravel()[at].sum(axis=1)
        return (1.0 / (1.0 + np.exp(-odds))).astype(np.float32)


def open_joiner(path: str = "") -> PieceJoiner:
    """Read once, and again when the file has changed; "": the one that ships. Raises ArtifactError."""
    place = Path(path) if path else SHIPPED
    return _read(place, place.stat().st_mtime_ns if place.is_file() else 0)


@lru_cache(maxsize=4)
def _read(place: Path, changed_ns: int) -> PieceJoiner:
    return PieceJoiner.load(place)


def joined_labels(pairs: Pairs, likely: npt.NDArray[np.bool_], count: int) -> npt.NDArray[np.int32]:
    """(count,) the new label of each label; 0 stays 0. Likely pairs, and what chains of them connect, become one."""
    first, second = pairs.labels[likely].T
    graph = coo_array((np.ones(len(first), np.int8), (first, second)), shape=(count, count))
    return connected_components(graph, directed=False)[1].astype(np.int32)
