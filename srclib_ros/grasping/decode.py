"""From the network's cells to poses in the bin frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from srclib_ros.geometry.height_map import HeightMap
from srclib_ros.grasping.network import (
    ERROR,
    FIRST_QUALITY,
    HYPOTHESES,
    OFFSET,
    PIXELS_PER_DIAMETER,
    PRESENCE,
    ROTATION,
    STRIDE,
    VISIBILITY,
    Cells,
    sigmoid,
)
from srclib_ros.grasping.object_model import ObjectModel
from srclib_ros.types import FloatArray, IntArray, Matrix


@dataclass(frozen=True, eq=False)
class CellPoses:
    """N poses, each from one hypothesis of one cell.

    T_bin_object: (N, 4, 4) rigid. presence, visibility: (N,) in [0, 1]. error: (N,) expected distance in diameters.
    grasp_quality: (N, K) in [0, 1]. cell: (N, 2) row and column. centroid_bin: (N, 3) of the part's surface, metres.
    """

    T_bin_object: Matrix
    presence: FloatArray
    visibility: FloatArray
    error: FloatArray
    grasp_quality: FloatArray
    cell: npt.NDArray[np.int64]
    centroid_bin: Matrix

    def __len__(self) -> int:
        return len(self.presence)

    @property
    def confidence(self) -> FloatArray:
        """(N,) what poses are ranked by: surely there, visible, and precise."""
        return self.presence * np.exp(-4.0 * self.error)

    def take(self, index: npt.NDArray[np.int64]) -> CellPoses:
        return CellPoses(
            self.T_bin_object[index],
            self.presence[index],
            self.visibility[index],
            self.error[index],
            self.grasp_quality[index],
            self.cell[index],
            self.centroid_bin[index],
        )


def decode(
    cells: Cells,
    height_map: HeightMap,
    part: ObjectModel,
    min_presence: float,
    hypotheses: int = HYPOTHESES,
    scale: float = 1.0,
) -> CellPoses:
    """The poses of the cells whose presence is at least `min_presence`, `hypotheses` best rotations of each.

    scale: size of the part in the scene over that of `part`.
    """
    diameter = height_map.pitch_m * PIXELS_PER_DIAMETER
    presence = sigmoid(cells.values[PRESENCE])
    row, column = np.nonzero(presence >= min_presence)
    found = cells.values[:, row, column].T
    expected = np.logaddexp(0.0, found[:, ERROR])
    best = np.argsort(expected, axis=1, kind="stable")[:, : min(hypotheses, HYPOTHESES)]
    which = np.repeat(np.arange(len(row)), best.shape[1])
    R = rotation_from_columns(found[:, ROTATION].reshape(-1, HYPOTHESES, 6))[which, best.ravel()]
    R = R @ part.R_canonical_object

    centroid = np.empty((len(row), 3))
    centroid[:, 0] = height_map.origin_bin_xy[0] + (column + 0.5) * STRIDE * height_map.pitch_m
    centroid[:, 1] = height_map.origin_bin_xy[1] + (row + 0.5) * STRIDE * height_map.pitch_m
    centroid[:, 2] = cells.reference_m[row, column]
    centroid = (centroid + found[:, OFFSET] * diameter)[which]
    T = np.zeros((len(which), 4, 4))
    T[:, :3, :3] = R
    T[:, :3, 3] = centroid - R @ (scale * part.centroid_m)
    T[:, 3, 3] = 1.0
    return CellPoses(
        T,
        presence[row, column][which],
        sigmoid(found[:, VISIBILITY])[which],
        expected[which, best.ravel()],
        sigmoid(found[:, FIRST_QUALITY:])[which],
        np.stack([row, column], axis=1)[which],
        centroid,
    )


def rotation_from_columns(six: npt.NDArray[np.floating]) -> Matrix:
    """(..., 3, 3) whose first two columns are nearest to the two vectors of `six` (..., 6) (arXiv 1812.07035)."""
    a, b = six[..., :3].astype(np.float64), six[..., 3:].astype(np.float64)
    x = a / np.maximum(np.linalg.norm(a, axis=-1, keepdims=True), 1e-9)
    b = b - (x * b).sum(-1, keepdims=True) * x
    y = b / np.maximum(np.linalg.norm(b, axis=-1, keepdims=True), 1e-9)
    return np.stack([x, y, np.cross(x, y)], axis=-1)


def owners(labels: IntArray, cell: npt.NDArray[np.int64]) -> IntArray:
    """(N,) the label that most pixels of each cell carry, 0 (no part) only where there is no other.

    labels: (H, W) of a height map. cell: (N, 2) row and column.
    """
    rows, columns = labels.shape
    padded = np.pad(labels, ((0, -rows % STRIDE), (0, -columns % STRIDE)))
    pixel = np.arange(STRIDE)
    block = padded[
        cell[:, :1, None] * STRIDE + pixel[None, :, None], cell[:, 1:, None] * STRIDE + pixel[None, None, :]
    ].reshape(len(cell), STRIDE * STRIDE)
    votes = (block[:, :, None] == block[:, None, :]).sum(axis=2) * (block > 0)
    return block[np.arange(len(cell)), votes.argmax(axis=1)]


def suppress(poses: CellPoses, radius_m: float, keep: int) -> npt.NDArray[np.int64]:
    """Indices of at most `keep` poses, most confident first, whose centroids lie at least `radius_m` apart."""
    order = np.argsort(-poses.confidence, kind="stable")
    chosen: list[int] = []
    while len(order) and len(chosen) < keep:
        best = order[0]
        chosen.append(int(best))
        away = np.linalg.norm(poses.centroid_bin[order] - poses.centroid_bin[best], axis=1)
        order = order[away >= radius_m]
    return np.array(chosen, np.int64)
