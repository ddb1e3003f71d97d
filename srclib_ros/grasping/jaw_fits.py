"""Where a jaw fits over a part seen from one side: runs of height between two drops, at any closing angle.

Seen along an approach, a part is a height field. A jaw can close wherever the part stands higher than the
fingertips over a run no wider than the stroke, and on both sides of the run a finger's thickness stays below them.
That takes in opposing faces and silhouette edges alike, the outside of a box as well as the rim of a ring.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import maximum_filter1d

from srclib_ros.grasping.jaw import Jaw
from srclib_ros.types import FloatArray

Indices = npt.NDArray[np.int64]

PITCH_M = 0.002
ENGAGED_M = 0.001
"""A part must stand at least this much above the fingertips to be held at all."""
HOLES = 3
"""Cells of the part that lie between two seen ones, this many rows apart at most, count as seen."""
SPARE = 3
SPARE_M = SPARE * PITCH_M
"""Room outside the fingers, in cells and in metres, beyond which more is no better."""
EMPTY = np.float32(-1.0)
"""Height of a cell that nothing was seen in: far below any fingertip."""


@dataclass(frozen=True, eq=False)
class Fits:
    """F places where a jaw fits, in the frame of the approach (z against it), metres and radians.

    x, y, tip: (F,) midway between the fingertips. angle: closing direction from the frame's x axis. width: of the
    run. depth: from the top of the run to the fingertips. skew: by how much, at the most, the edges of the run lean
    against the fingers, as a tangent. seen: share of the fingers' footprint in which something lower was seen.
    spare: free room outside the fingers, up to SPARE_M, the lesser of the two sides.
    """

    x: FloatArray
    y: FloatArray
    tip: FloatArray
    angle: FloatArray
    width: FloatArray
    depth: FloatArray
    skew: FloatArray
    seen: FloatArray
    spare: FloatArray

    def __len__(self) -> int:
        return len(self.x)

    def take(self, index: Indices) -> Fits:
        return Fits(*(getattr(self, item.name)[index] for item in fields(self)))


def find_fits(
    part: FloatArray,
    others: FloatArray,
    angles_rad: npt.NDArray[np.float64],
    depths_m: npt.NDArray[np.float64],
    lowest_tip_m: float,
    clearance_m: float,
    gripper: Jaw,
) -> Fits:
    """Every fit of the jaw over a part.

    part, others: (N, 3) and (O, 3) float32, the part's points and what stands around it, in the frame of the
    approach. angles_rad: (A,) closing directions to try. depths_m: (D,) how far the tips go below the top of each cut
    across the part. lowest_tip_m: fingertips stay above it.
    """
    finger = int(np.ceil((clearance_m + gripper.finger_thickness_m) / PITCH_M))
    wide = max(1, round(gripper.finger_width_m / PITCH_M))
    cuts = _cut(part, others, angles_rad, finger, wide, wide + 2 * int(np.ceil(clearance_m / PITCH_M)))
    top = cuts.own.max(axis=2)
    tip = np.maximum(top[:, None] - depths_m[:, None].astype(np.float32), np.float32(lowest_tip_m))  # (A, D, rows)
    held_from = np.where(top[:, None] == EMPTY, np.float32(np.inf), tip + np.float32(ENGAGED_M))[..., None]
    runs = _runs(cuts.own[:, None] > held_from)
    runs = runs.take(np.flatnonzero((runs.end - runs.first) * PITCH_M <= gripper.stroke_m - 2 * clearance_m))
    tips = tip[runs.angle, runs.level, runs.row]
    free = np.flatnonzero(_free(runs, tips, cuts.world, finger))
    runs, tips = runs.take(free), tips[free]

    at, row, first, end = runs.angle, runs.row, runs.first, runs.end
    cos, sin = np.cos(angles_rad).astype(np.float32)[at], np.sin(angles_rad).astype(np.float32)[at]
    u = cuts.low[at, 0] + (row + np.float32(0.5)) * np.float32(PITCH_M)
    v = cuts.low[at, 1] + (first + end) * np.float32(PITCH_M / 2)
    return Fits(
        x=u * sin + v * cos,
        y=v * sin - u * cos,
        tip=tips,
        angle=angles_rad[at].astype(np.float32),
        width=(end - first) * np.float32(PITCH_M),
        depth=top[at, row] - tips,
        skew=_missing(runs, cuts.raw[:, None] > held_from, wide),
        seen=_seen(runs, cuts.world, finger),
        spare=_spare(runs, tips, cuts.world, finger),
    )


@dataclass(frozen=True, eq=False)
class _Cuts:
    """The part cut along each of A closing directions: (A, rows, columns) heights, EMPTY where nothing was seen.

    raw: of the part, its gaps closed. own: the highest of it that a finger centred there meets. world: of anything.
    low: (A, 2) across and along the closing direction, metres, the corner of cell (0, 0).
    """

    raw: FloatArray
    own: FloatArray
    world: FloatArray
    low: FloatArray


def _cut(
    part: FloatArray, others: FloatArray, angles_rad: npt.NDArray[np.float64], finger: int, wide: int, clear: int
) -> _Cuts:
    """Rows run across the closing direction over the part alone, columns along it with room for a finger beside it.

    finger: cells along the closing direction that a finger takes up. wide: rows that it is wide, clear: with the
    clearance to either side.
    """
    cos, sin = np.cos(angles_rad).astype(np.float32), np.sin(angles_rad).astype(np.float32)
    turn = np.stack([np.stack([sin, cos], axis=1), np.stack([-cos, sin], axis=1)], axis=1)  # to across, along
    beside = finger + SPARE + 1
    part_uv, others_uv = part[:, :2] @ turn, others[:, :2] @ turn
    low = part_uv.min(axis=1) - np.float32(PITCH_M) * np.array((0, beside), np.float32)
    cells = np.ceil((part_uv.max(axis=1) - low) / PITCH_M).max(axis=0).astype(int)
    angles, rows, columns = len(angles_rad), int(cells[0]) + 1, int(cells[1]) + beside + 1
    raw = _highest_within(_heights(part_uv, part[:, 2], low, (angles, rows, columns)), HOLES)
    own = _highest_within(raw, wide)
    beyond_ends = low - np.float32(PITCH_M) * np.array((clear, 0), np.float32)  # a finger's width reaches past them
    around = _heights(others_uv, others[:, 2], beyond_ends, (angles, rows + 2 * clear, columns))
    return _Cuts(raw, own, np.maximum(own, _highest_within(around, clear)[:, clear : clear + rows]), low)


def _free(runs: _Runs, tips: FloatArray, world: FloatArray, finger: int) -> npt.NDArray[np.bool_]:
    """(F,) whether on both sides of each run nothing stands above the tips within a finger's thickness."""
    highest = maximum_filter1d(world, finger, axis=2, mode="constant", cval=float(EMPTY), origin=-(finger // 2))
    ahead, behind = highest[runs.angle, runs.row, runs.end], highest[runs.angle, runs.row, runs.first - finger]
    return (ahead <= tips) & (behind <= tips)


def _spare(runs: _Runs, tips: FloatArray, world: FloatArray, finger: int) -> FloatArray:
    """(F,) metres of room beyond both fingers, up to SPARE_M."""
    room, still_free = np.zeros(len(tips), np.float32), np.ones(len(tips), np.bool_)
    for step in range(finger, finger + SPARE):
        still_free &= world[runs.angle, runs.row, runs.end + step] <= tips
        still_free &= world[runs.angle, runs.row, runs.first - 1 - step] <= tips
        room += still_free * np.float32(PITCH_M)
    return room


def _seen(runs: _Runs, world: FloatArray, finger: int) -> FloatArray:
    """(F,) share of both fingers' footprints in which something was seen."""
    known = _sum_before(world > EMPTY, axis=2)
    at, row, first, end = runs.angle, runs.row, runs.first, runs.end
    watched = known[at, row, end + finger] - known[at, row, end]
    watched += known[at, row, first] - known[at, row, first - finger]
    return (watched / (2 * finger)).astype(np.float32)


def _missing(runs: _Runs, stands: npt.NDArray[np.bool_], wide: int) -> FloatArray:
    """(F,) cells of each run's rectangle, a finger wide, in which the part does not stand, per row: how far it leans.

    stands: (A, D, rows, columns).
    """
    before = _sum_before(_sum_before(stands, axis=2), axis=3)
    above, below = np.maximum(runs.row - wide // 2, 0), np.minimum(runs.row + (wide + 1) // 2, stands.shape[2])
    corners = ((1, below, runs.end), (-1, above, runs.end), (-1, below, runs.first), (1, above, runs.first))
    held = sum(sign * before[runs.angle, runs.level, rows, columns] for sign, rows, columns in corners)
    return ((runs.end - runs.first) / wide - held / wide**2).astype(np.float32)


@dataclass(frozen=True, eq=False)
class _Runs:
    """(F,) each: which closing angle, level and row a run lies in, its first cell and the one past its last."""

    angle: Indices
    level: Indices
    row: Indices
    first: Indices
    end: Indices

    def take(self, index: Indices) -> _Runs:
        return _Runs(*(getattr(self, item.name)[index] for item in fields(self)))


def _runs(mask: npt.NDArray[np.bool_]) -> _Runs:
    """Every run of True along the last axis of (A, D, rows, columns); the outermost columns are False."""
    starts_or_ends = np.flatnonzero(mask.reshape(-1)[1:] != mask.reshape(-1)[:-1]) + 1
    angle, level, row, first = np.unravel_index(starts_or_ends[::2], mask.shape)
    return _Runs(angle, level, row, first, first + starts_or_ends[1::2] - starts_or_ends[::2])


def _heights(uv: FloatArray, height: FloatArray, low: FloatArray, shape: tuple[int, int, int]) -> FloatArray:
    """(A, rows, columns) highest of the points (A, N, 2) over each cell; EMPTY where there is none."""
    angles, rows, columns = shape
    cell = np.floor((uv - low[:, None]) * np.float32(1 / PITCH_M)).astype(np.int32)
    row, column = cell[..., 0], cell[..., 1]
    inside = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
    number = (np.arange(angles, dtype=np.int32)[:, None] * rows + row) * columns + column
    image = np.full(angles * rows * columns, EMPTY, np.float32)
    np.maximum.at(image, number[inside], np.broadcast_to(height, inside.shape)[inside])
    return image.reshape(shape)


def _highest_within(image: FloatArray, rows: int) -> FloatArray:
    """The highest within so many rows around each: what a finger of that width meets."""
    return maximum_filter1d(image, rows, axis=1, mode="constant", cval=float(EMPTY))


def _sum_before(values: npt.NDArray[Any], axis: int) -> npt.NDArray[np.int32]:
    """Sums along an axis, with a leading zero: the sum over [a, b) is result[b] - result[a]."""
    shape = list(values.shape)
    shape[axis] += 1
    total = np.zeros(shape, np.int32)
    np.cumsum(values, axis=axis, out=total[(slice(None),) * axis + (slice(1, None),)])
    return total
