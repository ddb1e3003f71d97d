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
    """Points sorted into columns of `cell_m` over x and y, each column with its bounds in z.

    points: (N, 3) float32, metres, finite; any frame.
    """

    def __init__(self, points: FloatArray, cell_m: float = 0.008) -> None:
        points = np.ascontiguousarray(points, np.float32).reshape(-1, 3)
        self._low = points[:, :2].min(axis=0) if len(points) else np.zeros(2, np.float32)
        bottom, top = (float(f(points[:, 2])) for f in (np.min, np.max)) if len(points) else (0.0, 0.0)
        self._level, self._spread = (bottom + top) / 2, (top - bottom) / 2
        span = np.ptp(points[:, :2], axis=0) if len(points) else np.zeros(2, np.float32)
        self._cell_m = max(cell_m, float(np.sqrt(span[0] * span[1] / MAX_CELLS * 2)), float(span.max() / MAX_CELLS * 8))
        self._columns, self._rows = (int(n) for n in (span / self._cell_m).astype(int) + 1)
        cell = ((points[:, :2] - self._low) / np.float32(self._cell_m)).astype(np.int32)
        number = np.minimum(cell[:, 1], self._rows - 1) * self._columns + np.minimum(cell[:, 0], self._columns - 1)
        self._order = np.argsort(number.astype(np.uint16), kind="stable")
        self._sorted = points[self._order]
        count = np.bincount(number, minlength=self._rows * self._columns)
        self._count, self._start = count, np.cumsum(count) - count
        self._centre, self._half = self._bounds(np.flatnonzero(count))

    def _bounds(self, filled: Indices) -> tuple[FloatArray, FloatArray]:
        """Centre and half size (cells, 3) of each column's bounds; a column without points has no size."""
        centre = np.zeros((len(self._count), 3), np.float32)
        half = np.zeros_like(centre)
        if len(filled):
            starts = self._start[filled]
            low, high = (f.reduceat(self._sorted, starts) for f in (np.minimum, np.maximum))
            centre[filled], half[filled] = (low + high) / 2, (high - low) / 2
        return centre, half

    def inside(self, T_world_box: Matrix, boxes: npt.NDArray[Any], margin_m: float = 0.0) -> BoxHits:
        """The points in each box grown by `margin_m` on every side.

        T_world_box: (M, 4, 4), the boxes' frames in the frame of the points. boxes: (M, 2, 3), lower
        and upper corner of each in its own frame, finite.
        """
        R = np.ascontiguousarray(np.swapaxes(T_world_box[:, :3, :3], 1, 2), np.float32)  # rows: the box's axes
        t = np.asarray(T_world_box[:, :3, 3], np.float32)
        middle, half = ((boxes[:, 0] + boxes[:, 1]) / 2).astype(np.float32), _half(boxes, margin_m)
        centre = np.einsum("mji,mj->mi", R, middle) + t
        box, cell = self._columns_below(centre, np.einsum("mji,mj->mi", np.abs(R), half))
        box, cell = self._touching(box, cell, R, centre, half)
        pair, position = _expand(self._start[cell], self._count[cell])
        box = box[pair]
        away = self._sorted.take(position, axis=0)
        away -= centre.take(box, axis=0)
        for axis in (1, 0, 2):  # y first: fingers are thin, so it leaves the fewest
            keep = np.flatnonzero(np.abs(_dot(away, R[:, axis], box)) <= half[:, axis].take(box))
            box, position, away = box.take(keep), position.take(keep), away.take(keep, axis=0)
        local = np.einsum("pij,pj->pi", R.take(box, axis=0), away) + middle.take(box, axis=0)
        return BoxHits(box, self._order[position], local)

    def _columns_below(self, centre: FloatArray, half: FloatArray) -> tuple[Indices, Indices]:
        """(box, column) for every column with points within each upright box of `centre` and `half` (M, 3)."""
        size = np.array((self._columns, self._rows))
        first = np.floor((centre[:, :2] - half[:, :2] - self._low) / self._cell_m).astype(np.int64)
        last = np.floor((centre[:, :2] + half[:, :2] - self._low) / self._cell_m).astype(np.int64)
        first, last = np.maximum(first, 0), np.minimum(last, size - 1)
        extent = np.maximum(last - first + 1, 0)
        extent[np.abs(centre[:, 2] - self._level) > half[:, 2] + self._spread] = 0
        box, row = _expand(first[:, 1], extent[:, 1] * (extent[:, 0] > 0))
        strip, cell = _expand(row * self._columns + first[box, 0], extent[box, 0])
        box = box[strip]
        apart = np.abs(self._centre[:, 2].take(cell) - centre[:, 2].take(box))
        reach = self._half[:, 2].take(cell) + half[:, 2].take(box)
        keep = np.flatnonzero((apart <= reach) & (self._count.take(cell) > 0))
        return box.take(keep), cell.take(keep)

    def _touching(
        self, box: Indices, cell: Indices, R: FloatArray, centre: FloatArray, half: FloatArray
    ) -> tuple[Indices, Indices]:
        """Less the pairs that one of the box's own axes separates."""
        for axis in (1, 0, 2):
            direction = R[:, axis].take(box, axis=0)
            away = self._centre.take(cell, axis=0) - centre.take(box, axis=0)
            reach = np.einsum("pi,pi->p", np.abs(direction), self._half.take(cell, axis=0))
            reach += half[:, axis].take(box)
            keep = np.flatnonzero(np.abs(np.einsum("pi,pi->p", direction, away)) <= reach)
            box, cell = box.take(keep), cell.take(keep)
        return box, cell


def _half(boxes: npt.NDArray[Any], margin_m: float) -> FloatArray:
    return ((boxes[:, 1] - boxes[:, 0]) / 2 + margin_m).astype(np.float32)


def _dot(away: FloatArray, directions: FloatArray, box: Indices) -> FloatArray:
    """(P,) component of each vector (P, 3) along its box's direction (M, 3)."""
    return np.einsum("pi,pi->p", away, directions.take(box, axis=0))


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
