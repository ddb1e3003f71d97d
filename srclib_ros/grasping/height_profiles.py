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
from scipy.ndimage import maximum_filter1d, uniform_filter1d

from srclib_ros.grasping.gripper import Gripper
from srclib_ros.types import FloatArray

PITCH_M = 0.002
ENGAGED_M = 0.001
"""A part must stand at least this much above the fingertips to be held at all."""
HOLES = 3
"""Cells of the part that lie between two seen ones, this many rows apart at most, count as seen."""
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

    def take(self, index: npt.NDArray[np.int64]) -> Fits:
        return Fits(*(getattr(self, item.name)[index] for item in fields(self)))


SPARE_M = 0.006


def find_fits(
    part: FloatArray,
    others: FloatArray,
    angles_rad: npt.NDArray[np.float64],
    depths_m: npt.NDArray[np.float64],
    lowest_tip_m: float,
    clearance_m: float,
    gripper: Gripper,
) -> Fits:
    """Every fit of the jaw over a part.

    part, others: (N, 3) and (O, 3) float32, the part's points and what stands around it, in the frame of the
    approach. angles_rad: closing directions to try. depths_m: how far the tips go below the top of each cut across
    the part. lowest_tip_m: fingertips stay above it.
    """
    found = [_fits_at(part, others, float(angle), depths_m, lowest_tip_m, clearance_m, gripper) for angle in angles_rad]
    return Fits(*(np.concatenate([getattr(fits, item.name) for fits in found]) for item in fields(Fits)))


def _fits_at(
    part: FloatArray,
    others: FloatArray,
    angle: float,
    depths_m: npt.NDArray[np.float64],
    lowest_tip_m: float,
    clearance_m: float,
    gripper: Gripper,
) -> Fits:
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.array(((sin, -cos), (cos, sin)), np.float32)  # rows: across and along the closing direction
    finger = int(np.ceil((clearance_m + gripper.finger_thickness_m) / PITCH_M))
    spare = round(SPARE_M / PITCH_M)
    part_uv, others_uv = part[:, :2] @ turn.T, others[:, :2] @ turn.T
    low = part_uv.min(axis=0) - PITCH_M * np.array((0, finger + spare + 1))
    shape = np.ceil((part_uv.max(axis=0) - low) / PITCH_M).astype(int) + np.array((1, finger + spare + 2))
    wide = max(1, round(gripper.finger_width_m / PITCH_M))
    raw = _widened(_heights(part_uv, part[:, 2], low, shape), HOLES)
    own = _widened(raw, wide)
    world = np.maximum(own, _widened(_heights(others_uv, others[:, 2], low, shape), wide))

    top = own.max(axis=1)
    tip = np.maximum(top[None] - depths_m[:, None].astype(np.float32), np.float32(lowest_tip_m))  # (D, rows)
    stands = own[None] > tip[:, :, None] + ENGAGED_M
    stands[:, top == EMPTY] = False
    level, row, first, last = _runs(stands)
    width = (last - first) * np.float32(PITCH_M)
    narrow = width <= gripper.stroke_m - 2 * clearance_m
    level, row, first, last, width = level[narrow], row[narrow], first[narrow], last[narrow], width[narrow]

    blocked = _running_sum(world[None] > tip[:, :, None])
    seen = _running_sum(np.broadcast_to(world > EMPTY, stands.shape))
    free = (blocked[level, row, last + finger] == blocked[level, row, last]) & (
        blocked[level, row, first] == blocked[level, row, first - finger]
    )
    level, row, first, last, width = level[free], row[free], first[free], last[free], width[free]
    watched = (
        seen[level, row, last + finger]
        - seen[level, row, last]
        + seen[level, row, first]
        - seen[level, row, first - finger]
    )
    room = np.zeros(len(level), np.float32)
    for step in range(1, spare + 1):
        beyond = (blocked[level, row, last + finger + step] == blocked[level, row, last]) & (
            blocked[level, row, first] == blocked[level, row, first - finger - step]
        )
        room += beyond * np.float32(PITCH_M)
    filled = _running_sum(uniform_filter1d((raw[None] > tip[:, :, None] + ENGAGED_M).astype(np.float32), wide, axis=1))
    missing = (last - first) - (filled[level, row, last] - filled[level, row, first])
    tips = tip[level, row]
    u = low[0] + (row + 0.5) * PITCH_M
    v = low[1] + (first + last) / 2 * PITCH_M
    return Fits(
        x=(u * sin + v * cos).astype(np.float32),
        y=(-u * cos + v * sin).astype(np.float32),
        tip=tips,
        angle=np.full(len(level), angle, np.float32),
        width=width,
        depth=top[row] - tips,
        skew=(missing / wide).astype(np.float32),
        seen=(watched / (2 * finger)).astype(np.float32),
        spare=room,
    )


def _heights(
    uv: FloatArray, height: FloatArray, low: npt.NDArray[np.float64], shape: npt.NDArray[np.int64]
) -> FloatArray:
    """(rows, columns) highest point over each cell; EMPTY where there is none."""
    cell = np.floor((uv - low.astype(np.float32)) * np.float32(1 / PITCH_M)).astype(np.int32)
    inside = (cell[:, 0] >= 0) & (cell[:, 1] >= 0) & (cell[:, 0] < shape[0]) & (cell[:, 1] < shape[1])
    image = np.full(shape[0] * shape[1], EMPTY, np.float32)
    np.maximum.at(image, (cell[:, 0] * shape[1] + cell[:, 1])[inside], height[inside])
    return image.reshape(shape)


def _widened(image: FloatArray, rows: int) -> FloatArray:
    """The highest within so many rows around each: what a finger of that width meets."""
    return maximum_filter1d(image, rows, axis=0, mode="constant", cval=float(EMPTY))


def _runs(mask: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.int64], ...]:
    """(level, row, first, past the last) of every run of True along the last axis."""
    edges = np.diff(mask.astype(np.int8), axis=2, prepend=0, append=0)
    level, row, first = np.nonzero(edges == 1)
    return level, row, first, np.nonzero(edges == -1)[2]


def _running_sum(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Sums along the last axis, with a leading zero: sum over [a, b) is result[b] - result[a]."""
    total = np.zeros((*values.shape[:2], values.shape[2] + 1), np.float32 if values.dtype.kind == "f" else np.int32)
    np.cumsum(values, axis=2, out=total[..., 1:])
    return total
