"""The bin seen straight from above: the highest point of each square of a grid, and whose point it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from srclib_ros.types import FloatArray, IntArray, Matrix

POINTS_PER_PIXEL = 6
"""Denser clouds are thinned to this: more points raise the highest one by their noise alone."""
_RESOLUTION_M = 1e-6
_LOWEST_M = -2.0
_LABEL_BITS = 20


@dataclass(frozen=True, eq=False)
class HeightMap:
    """Rows run along the bin's y, columns along its x.

    height_m: (H, W) float32 above the floor, NaN where nothing was seen. labels: (H, W) int32, the label of the
    point that is highest there, 0 for none. origin_bin_xy: (2,) corner of pixel (0, 0), where x and y are least.
    """

    height_m: FloatArray
    labels: IntArray
    pitch_m: float
    origin_bin_xy: Matrix

    @property
    def shape(self) -> tuple[int, int]:
        rows, columns = self.height_m.shape
        return rows, columns

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        return ~np.isnan(self.height_m)

    def pixel_of(self, xy_bin: npt.NDArray[np.floating]) -> npt.NDArray[np.int64]:
        """(..., 2) row and column of positions (..., 2); outside the map they are negative or too large."""
        return np.floor((xy_bin - self.origin_bin_xy) / self.pitch_m).astype(np.int64)[..., ::-1]

    def heights_at(self, xy_bin: npt.NDArray[np.floating]) -> FloatArray:
        """(...) heights at positions (..., 2), NaN where unknown or outside."""
        row, column = np.moveaxis(self.pixel_of(xy_bin), -1, 0)
        inside = (row >= 0) & (row < self.shape[0]) & (column >= 0) & (column < self.shape[1])
        heights = self.height_m[np.where(inside, row, 0), np.where(inside, column, 0)]
        return np.where(inside, heights, np.float32(np.nan))


def rasterise(
    points_bin: FloatArray,
    labels: npt.NDArray[np.integer],
    pitch_m: float,
    low_xy: npt.ArrayLike,
    shape: tuple[int, int],
) -> HeightMap:
    """A map of `shape` pixels of `pitch_m` whose corner is `low_xy`; points outside are left out.

    points_bin: (N, 3) float32, metres, bin frame, finite. labels: (N,), 0 to 2**20 - 1.
    """
    rows, columns = shape
    origin = np.asarray(low_xy, np.float64)
    column, row = np.floor((points_bin[:, :2] - origin.astype(np.float32)) / np.float32(pitch_m)).astype(np.int32).T
    inside = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
    level = np.rint((points_bin[inside, 2].astype(np.float64) - _LOWEST_M) / _RESOLUTION_M).astype(np.int64)
    key = (np.maximum(level, 1) << _LABEL_BITS) | labels[inside].astype(np.int64)
    flat = np.zeros(rows * columns, np.int64)
    np.maximum.at(flat, row[inside] * columns + column[inside], key)
    highest = flat.reshape(shape)
    height = (highest >> _LABEL_BITS) * _RESOLUTION_M + _LOWEST_M
    return HeightMap(
        np.where(highest > 0, height, np.nan).astype(np.float32),
        (highest & ((1 << _LABEL_BITS) - 1)).astype(np.int32),
        pitch_m,
        origin,
    )


def height_map(
    points_bin: FloatArray, labels: npt.NDArray[np.integer], pitch_m: float, size_xy_m: tuple[float, float]
) -> HeightMap:
    """The map of a whole bin of inner size `size_xy_m`, centred on the bin's origin.

    points_bin: (N, 3) float32, metres, bin frame, finite. labels: (N,) of each point, 0 for none.
    """
    shape = (max(1, int(np.ceil(size_xy_m[1] / pitch_m))), max(1, int(np.ceil(size_xy_m[0] / pitch_m))))
    stride = thinning_stride(len(points_bin), pitch_m, size_xy_m)
    low = (-shape[1] * pitch_m / 2, -shape[0] * pitch_m / 2)
    return rasterise(points_bin[::stride], labels[::stride], pitch_m, low, shape)


def thinning_stride(count: int, pitch_m: float, size_xy_m: tuple[float, float]) -> int:
    """Every which point of `count` to take, so that a pixel holds about POINTS_PER_PIXEL."""
    pixels = size_xy_m[0] * size_xy_m[1] / pitch_m**2
    return max(1, int(count / (POINTS_PER_PIXEL * max(pixels, 1.0))))
