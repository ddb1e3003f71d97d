"""Which points lie in which oriented boxes: many boxes at once, through a grid of columns over x and y."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from srclib_ros.types import FloatArray, Matrix

Indices = npt.NDArray[np.int64]
MAX_CELLS = 60_000
"""Cell numbers fit 16 bits, which numpy sorts by radix."""


@dataclass(frozen=True, eq=False)
class BoxHits:
    """Pairs of a box and a point in it, ordered by box.

    box: (P,) which box. point: (P,) which point. local: (P, 3) float32, the point in the box's frame.
    """

    box: Indices
    point: Indices
    local: FloatArray

    def minimum(self, values: npt.NDArray[Any], boxes: int, empty: float) -> npt.NDArray[Any]:
        """(boxes,) smallest of `values` (P,) in each box, `empty` where no point lies."""
        result = np.full(boxes, empty, values.dtype)
        if len(values):
            starts = np.flatnonzero(np.r_[True, self.box[1:] != self.box[:-1]])
            result[self.box[starts]] = np.minimum(np.minimum.reduceat(values, starts), empty)
        return result

    def where(self, keep: npt.NDArray[np.bool_]) -> BoxHits:
        return BoxHits(self.box[keep], self.point[keep], self.local[keep])


class PointGrid:
    """Points sorted into columns of `cell_m` over x and y.

    points: (N, 3) float32, metres, finite; any frame.
    """

    def __init__(self, points: FloatArray, cell_m: float = 0.005) -> None:
        points = np.ascontiguousarray(points, np.float32).reshape(-1, 3)
        low = points[:, :2].min(axis=0) if len(points) else np.zeros(2, np.float32)
        span = np.ptp(points[:, :2], axis=0) if len(points) else np.zeros(2, np.float32)
        self._cell_m = max(cell_m, float(np.sqrt(max(span[0], 1e-6) * max(span[1], 1e-6) / (MAX_CELLS / 2))))
        self._cell_m = max(self._cell_m, float(span.max()) / (MAX_CELLS / 8))
        self._low = low
        self._columns, self._rows = (int(n) for n in (span / self._cell_m).astype(int) + 1)
        cell = ((points[:, :2] - low) / np.float32(self._cell_m)).astype(np.int32)
        number = np.minimum(cell[:, 1], self._rows - 1) * self._columns + np.minimum(cell[:, 0], self._columns - 1)
        self._order = np.argsort(number.astype(np.uint16), kind="stable")
        self._sorted = points[self._order]
        self._starts = np.searchsorted(number[self._order], np.arange(self._rows * self._columns + 1))

    def inside(self, T_world_box: Matrix, boxes: Matrix, margin_m: float = 0.0) -> BoxHits:
        """The points in each box grown by `margin_m` on every side.

        T_world_box: (M, 4, 4), the boxes' frames in the frame of the points. boxes: (M, 2, 3), lower
        and upper corner in its own frame; half-open boxes (infinite) are not served.
        """
        R = np.asarray(T_world_box[:, :3, :3], np.float32)
        t = np.asarray(T_world_box[:, :3, 3], np.float32)
        low, high = boxes[:, 0].astype(np.float32) - margin_m, boxes[:, 1].astype(np.float32) + margin_m
        centre = np.einsum("mij,mj->mi", R, (low + high) / 2) + t
        half = np.einsum("mij,mj->mi", np.abs(R), (high - low) / 2)
        box, position = self._candidates(centre, half)

        z = self._sorted[position, 2]
        near = np.abs(z - centre[box, 2]) <= half[box, 2]
        box, position = box[near], position[near]
        local = np.einsum("pji,pj->pi", R[box], self._sorted[position] - t[box])
        keep = ((local >= low[box]) & (local <= high[box])).all(axis=1)
        return BoxHits(box[keep], self._order[position[keep]], local[keep])

    def _candidates(self, centre: FloatArray, half: FloatArray) -> tuple[Indices, Indices]:
        """(box, position in the sorted points) of every point in the columns below each box's bounds."""
        size = (self._columns, self._rows)
        first = np.floor((centre[:, :2] - half[:, :2] - self._low) / self._cell_m)
        last = np.floor((centre[:, :2] + half[:, :2] - self._low) / self._cell_m)
        outside = ((last < 0) | (first >= size)).any(axis=1)
        first = np.clip(first, 0, np.subtract(size, 1)).astype(np.int64)
        last = np.clip(last, 0, np.subtract(size, 1)).astype(np.int64)
        rows = np.where(outside, 0, last[:, 1] - first[:, 1] + 1)
        box, row = _expand(first[:, 1], rows)
        start = self._starts[row * self._columns + first[box, 0]]
        stop = self._starts[row * self._columns + last[box, 0] + 1]
        strip, position = _expand(start, stop - start)
        return box[strip], position


def _expand(start: Indices, count: Indices) -> tuple[Indices, Indices]:
    """Ranges start[i] .. start[i] + count[i] - 1 laid end to end: (which range, value)."""
    which = np.repeat(np.arange(len(start)), count)
    offset = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
    return which, start[which] + offset


def box_distance(local: FloatArray, boxes: npt.NDArray[Any]) -> FloatArray:
    """Signed distance (P,) of points (P, 3) to axis-aligned boxes (P, 2, 3), negative inside."""
    boxes = boxes.astype(np.float32, copy=False)
    outside = np.maximum(boxes[:, 0] - local, local - boxes[:, 1])
    return np.linalg.norm(np.maximum(outside, 0), axis=1) + np.minimum(outside.max(axis=1), 0)
