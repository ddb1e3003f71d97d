"""What is no part: floor, walls, and everything beside the bin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from srclib_ros.config import BinConfig
from srclib_ros.segmentation.organised import relabel
from srclib_ros.types import Bin, FloatArray, IntArray, Matrix

BoolArray = npt.NDArray[np.bool_]
_BELOW_FLOOR_M = 0.02
_MIN_FLOOR_SHARE = 0.1
_STANDS_OUT_SHARE = 0.25
_LOW_SPREADS = np.float32(2.5)
_HIGH_SPREADS = np.float32(4.0)


@dataclass(frozen=True, eq=False)
class Background:
    """parts: what may belong to a part. sides: what does where it lies against one, of a grid. stands_out: what is
    certainly above the floor. Bool, shaped as the points."""

    parts: BoolArray
    sides: BoolArray
    stands_out: BoolArray


def in_footprint(points_bin: FloatArray, bin: Bin) -> BoolArray:
    """Finite points within the bin's length and width, from just below the floor upwards, floor included."""
    length, width, _ = bin.size_m
    x, y, z = (points_bin[..., i] for i in range(3))
    return (np.abs(x) <= length / 2) & (np.abs(y) <= width / 2) & (z > -_BELOW_FLOOR_M)


def find_background(
    points_bin: FloatArray, inside: BoolArray, bin: Bin, viewpoint_bin: Matrix, config: BinConfig
) -> Background:
    """Tell parts from floor and walls by heights, as in Canny's hysteresis.

    A part begins at half the floor margin but must rise above the whole of it (`drop_lying_in_floor`): a flat
    washer stays whole, and the floor's ripples stay floor. Its sides come down to a quarter of it. Where the sensor
    is so noisy that the floor itself spreads beyond the margin, 2.5 and 4 standard deviations count instead, and half
    as many for sides; they grow with the distance squared.
    """
    z = points_bin[..., 2]
    low: FloatArray | np.float32 = np.float32(config.floor_margin_m / 2)
    high: FloatArray | np.float32 = np.float32(config.floor_margin_m)
    noise_at_1m, farthest_m2 = _floor_noise(points_bin, inside, viewpoint_bin, config.floor_margin_m)
    if _LOW_SPREADS * noise_at_1m * farthest_m2 > low or _HIGH_SPREADS * noise_at_1m * farthest_m2 > high:
        spread = np.float32(noise_at_1m) * _squared_distance(points_bin, viewpoint_bin)
        low, high = np.maximum(low, _LOW_SPREADS * spread), np.maximum(high, _HIGH_SPREADS * spread)
    clear = inside
    if bin.has_walls:
        length, width, _ = bin.size_m
        clear = clear & (np.abs(points_bin[..., 0]) < length / 2 - config.wall_margin_m)
        clear &= np.abs(points_bin[..., 1]) < width / 2 - config.wall_margin_m
    return Background(clear & (z > low), clear & (z > low / 2), z > high)


def drop_lying_in_floor(labels: IntArray, background: Background) -> None:
    """Set labels to 0, in place, of which less than a quarter stands out of the floor; the others become 1..n."""
    sizes = np.bincount(labels.ravel())
    above = np.bincount(labels[background.stands_out], minlength=len(sizes))
    kept = (above >= _STANDS_OUT_SHARE * sizes) & (sizes > 0)
    kept[0] = False
    relabel(labels, np.where(kept, np.cumsum(kept), 0))


def _floor_noise(
    points_bin: FloatArray, inside: BoolArray, viewpoint_bin: Matrix, margin_m: float
) -> tuple[float, float]:
    """(standard deviation of the floor's height over the squared distance, 1 / m; largest squared distance, m2).

    Both 0 where little floor is seen.
    """
    step = max(1, inside.size // 20_000)
    chosen = step * np.flatnonzero(inside.reshape(-1)[::step])
    height_m = points_bin[..., 2].reshape(-1)[chosen]
    at_floor = chosen[np.abs(height_m) < 3.0 * margin_m]
    if len(at_floor) < max(50, _MIN_FLOOR_SHARE * len(chosen)):
        return 0.0, 0.0
    floor = np.stack([points_bin[..., axis].reshape(-1)[at_floor] for axis in range(3)], axis=1)
    squared = _squared_distance(floor, viewpoint_bin)
    return float(1.4826 * np.median(np.abs(floor[:, 2]) / squared)), float(squared.max())


def _squared_distance(points: FloatArray, viewpoint: Matrix) -> FloatArray:
    ray = points - viewpoint.astype(np.float32)
    squared: FloatArray = np.einsum("...i,...i->...", ray, ray)
    return squared
