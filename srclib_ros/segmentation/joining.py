"""Joins segments that are pieces of one part, where trees that were trained on simulated piles hold it likely.

A hub inside its gear, a bolt's shank below its head and what an edge or a shadow cuts off look like parts of their own
to folds and depth steps alone.
"""

from __future__ import annotations

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


@dataclass(frozen=True, eq=False)
class PieceJoiner:
    """Gradient boosted trees (Friedman, Ann. Stat. 2001) over `pieces.FEATURES`.

    feature, left, right: (T, N) int32 of each tree's nodes, threshold, value: (T, N) float32; a leaf's children are
    itself. A pair goes left where its feature is at most the threshold. start: log odds before the first tree.
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
                start=float(tensors["start"][0]),
            )
        except (KeyError, IndexError) as error:
            raise ArtifactDamagedError(f"{path}: no trees to join pieces with ({error}); train them again") from error
        trees, nodes = joiner.feature.shape if joiner.feature.ndim == 2 else (0, 0)
        whole = trees > 0 and all(
            array.shape == (trees, nodes) for array in (joiner.threshold, joiner.left, joiner.right, joiner.value)
        )
        if not whole or not (
            _within(joiner.feature, len(FEATURES)) and _within(joiner.left, nodes) and _within(joiner.right, nodes)
        ):
            raise ArtifactDamagedError(f"{path}: its trees do not fit; train them again")
        return joiner

    def probability(self, features: FloatArray) -> FloatArray:
        """(M,) that each pair (M, F) is of one part."""
        trees, nodes = self.feature.shape
        first = np.arange(trees) * nodes
        at = np.broadcast_to(first, (len(features), trees))
        feature, threshold = self.feature.ravel(), self.threshold.ravel()
        left, right = self.left.ravel(), self.right.ravel()
        while True:
            low = np.take_along_axis(features, feature[at], axis=1) <= threshold[at]
            below = first + np.where(low, left[at], right[at])
            if (below == at).all():
                break
            at = below
        odds = self.start + self.value.ravel()[at].sum(axis=1)
        return (1.0 / (1.0 + np.exp(-odds))).astype(np.float32)


@lru_cache(maxsize=4)
def open_joiner(path: str = "") -> PieceJoiner:
    """Read once; "": the one that ships. Raises ArtifactMissingError or ArtifactDamagedError."""
    return PieceJoiner.load(Path(path) if path else SHIPPED)


def joined_labels(pairs: Pairs, likely: npt.NDArray[np.bool_], count: int) -> npt.NDArray[np.int32]:
    """(count,) the new label of each label; 0 stays 0. Likely pairs, and what chains of them connect, become one."""
    first, second = pairs.labels[likely].T
    graph = coo_array((np.ones(len(first), np.int8), (first, second)), shape=(count, count))
    return connected_components(graph, directed=False)[1].astype(np.int32)


def _within(index: npt.NDArray[np.int32], count: int) -> bool:
    return bool((index >= 0).all() and (index < count).all())
