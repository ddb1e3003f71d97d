"""The grasp network: a height map in, for each cell of a grid one instance's pose and the quality of its grasps out.

After PQ-Net (arXiv 2101.04781), with these differences. A cell speaks of the instance that it sees most of, not of
one whose origin falls into it, so that an instance is seen by several cells and a hidden origin does no harm. Each
cell gives HYPOTHESES rotations, as no single continuous rotation can follow a symmetric part all the way round
(arXiv 2011.13209), and for each the error that it expects (the pose distances of arXiv 2110.00992).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
from scipy.ndimage import uniform_filter

from srclib_ros.errors import ArtifactDamagedError
from srclib_ros.geometry.height_map import HeightMap
from srclib_ros.inference import open_session
from srclib_ros.types import FloatArray

PIXELS_PER_DIAMETER = 16
STRIDE = 4
CHANNELS = 3
HYPOTHESES = 6
MAX_SIDE = 512
"""Larger maps are run tile by tile; tiles overlap by what a cell can see."""
OVERLAP = 48
_NEAR, _AROUND = 3, 17
_STEEPEST = 8.0

PRESENCE, VISIBILITY = 0, 1
OFFSET = slice(2, 5)
ROTATION = slice(5, 5 + 6 * HYPOTHESES)
ERROR = slice(ROTATION.stop, ROTATION.stop + HYPOTHESES)
FIRST_QUALITY = ERROR.stop


@dataclass(frozen=True, eq=False)
class Cells:
    """The network's raw answer.

    values: (FIRST_QUALITY + K, h, w) float32: presence logit, visibility logit, offset of the centroid from the
    cell's centre in diameters (x, y) and from `reference_m` (z), per hypothesis two columns of the rotation and
    the expected error in diameters before softplus, K quality logits. reference_m: (h, w) float32, bin frame.
    """

    values: FloatArray
    reference_m: FloatArray


class GridNetwork:
    """An ONNX network on height maps of any size."""

    def __init__(self, onnx_bytes: bytes, candidates: int, threads: int = 2) -> None:
        self._session: onnxruntime.InferenceSession = open_session(onnx_bytes, threads)
        self._input = self._session.get_inputs()[0].name
        found = self._session.get_outputs()[0].shape
        if len(found) != 4 or found[1] != FIRST_QUALITY + candidates:
            raise ArtifactDamagedError(
                f"network: gives {found}, expected (1, {FIRST_QUALITY + candidates}, h, w); train the model again"
            )

    def run(self, height_map: HeightMap) -> Cells:
        maps, reference = network_input(height_map)
        size = [side // STRIDE for side in maps.shape[1:]]
        values: FloatArray | None = None
        for rows in _tiles(maps.shape[1]):
            for columns in _tiles(maps.shape[2]):
                tile = np.ascontiguousarray(maps[None, :, rows.source, columns.source])
                (found,) = self._session.run(None, {self._input: tile})
                if values is None:
                    values = np.empty((found.shape[1], *size), np.float32)
                values[:, rows.target, columns.target] = found[0][:, rows.kept, columns.kept]
        assert values is not None
        return Cells(values, reference)


def network_input(height_map: HeightMap) -> tuple[FloatArray, FloatArray]:
    """(CHANNELS, H, W) float32, H and W multiples of STRIDE, and the cells' heights of reference (h, w) in metres.

    Channels: height above the floor in diameters, holes filled from beside them; whether it was seen; height over
    the mean of the surroundings. Sizes count in diameters of the part, so that a part of any size looks the same.
    """
    diameter = height_map.pitch_m * PIXELS_PER_DIAMETER
    rows, columns = height_map.shape
    padding = ((0, -rows % STRIDE), (0, -columns % STRIDE))
    height = np.pad(height_map.height_m, padding, constant_values=np.nan) / np.float32(diameter)
    known = ~np.isnan(height)
    weight = known.astype(np.float32)
    height = np.where(known, np.clip(height, -1.0, _STEEPEST), np.float32(0.0))
    around = _mean_of_known(height, weight, _AROUND)
    near = _mean_of_known(height, weight, _NEAR)
    filled = np.where(known, height, np.where(near > 0.0, near, around))
    reference = around.reshape(around.shape[0] // STRIDE, STRIDE, -1, STRIDE).mean(axis=(1, 3))
    maps = np.stack([filled, weight, 4.0 * (filled - around)]).astype(np.float32)
    return maps, (reference * diameter).astype(np.float32)


def _mean_of_known(height: FloatArray, weight: FloatArray, window: int) -> FloatArray:
    """Mean height of the known pixels in a square window around each pixel, 0 where there is none."""
    total = uniform_filter(height, window, mode="constant")
    share = uniform_filter(weight, window, mode="constant")
    seen = share > 0.5 / window**2
    mean: FloatArray = np.where(seen, total / np.where(seen, share, 1.0), 0.0).astype(np.float32)
    return mean


@dataclass(frozen=True)
class _Tile:
    """source: pixels to run on. kept: cells of the answer. target: where they belong."""

    source: slice
    kept: slice
    target: slice


def _tiles(side: int) -> list[_Tile]:
    if side <= MAX_SIDE:
        whole = slice(0, side // STRIDE)
        return [_Tile(slice(0, side), whole, whole)]
    tiles, start = [], 0
    inner = MAX_SIDE - 2 * OVERLAP
    while start < side:
        stop = min(start + inner, side)
        low, high = max(0, start - OVERLAP), min(side, stop + OVERLAP)
        tiles.append(
            _Tile(
                slice(low, high),
                slice((start - low) // STRIDE, (stop - low) // STRIDE),
                slice(start // STRIDE, stop // STRIDE),
            )
        )
        start = stop
    return tiles


def sigmoid(logits: npt.NDArray[Any]) -> npt.NDArray[Any]:
    probability: npt.NDArray[Any] = 0.5 * (1.0 + np.tanh(0.5 * logits))
    return probability
