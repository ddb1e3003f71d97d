"""What a closing jaw would meet, measured on the points of a part seen along one approach."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from srclib_ros.grasping.jaw import Jaw
from srclib_ros.types import FloatArray, Matrix

STRIPS = 4
"""Across a finger's width an edge is measured in so many strips."""
TOUCH_M = 0.004
"""Points this near to the furthest one of an edge are touched along with it."""
EDGE_NOISE_M = 0.001
UNSURE = 0.7
"""Share of the friction that is reckoned lost where an edge is met by half a finger's width only."""


@dataclass(frozen=True, eq=False)
class Edges:
    """The two edges that each of F closing jaws meets, (F,) each; metres and tangents.

    width: between the edges, 0 where there is nothing. middle: from the jaw's centre to midway between the edges.
    lean: turn, counter-clockwise, that would bring the fingers square to the two edges' mean direction. wedge: how
    far the edges are from parallel. fall: how far from upright the steepness of the sides leaves them. hollow: by how
    much the corners of the pads lean against the more hollow of the two edges, which a flat pad cannot follow.
    length: along which the shorter edge is touched. pixels: points of the part between the pads.
    """

    width: Matrix
    middle: Matrix
    lean: Matrix
    wedge: Matrix
    fall: Matrix
    hollow: Matrix
    length: Matrix
    pixels: npt.NDArray[np.int64]


def measure_edges(
    part: FloatArray,
    x: Matrix,
    y: Matrix,
    tip: FloatArray,
    angle: Matrix,
    half_opening: Matrix,
    spacing_m: float,
    gripper: Jaw,
) -> Edges:
    """Edges of what lies between jaws at (x, y), tips at `tip`, closing along `angle`, each (F,), metres, radians.

    part: (N, 3) float32 in the frame of the approach, z against it. half_opening: (F,) metres from each jaw's centre
    within which points count. spacing_m: between the points.
    """
    cos, sin = np.cos(angle)[:, None].astype(np.float32), np.sin(angle)[:, None].astype(np.float32)
    dx, dy = part[:, 0] - x[:, None].astype(np.float32), part[:, 1] - y[:, None].astype(np.float32)
    along, across = dx * cos + dy * sin, dx * sin - dy * cos
    held = (np.abs(across) < gripper.finger_width_m / 2) & (part[:, 2] > tip[:, None])
    held &= np.abs(along) < half_opening[:, None].astype(np.float32)
    jaw, point = np.nonzero(held)
    out = along[held]
    above = part[point, 2] - tip[jaw]
    # Both edges at once: the second half of the jaws is the first one's other side.
    jaws = len(x)
    both = _sides(
        np.concatenate([jaw, jaw + jaws]),
        2 * jaws,
        np.concatenate([out, -out]),
        np.tile(across[held], 2),
        np.tile(above, 2),
        spacing_m,
        gripper,
    )
    # Touched on either half of the fingers' width, on both sides; a stray point beyond an edge is in one strip only.
    whole = both.whole[:jaws] & both.whole[jaws:]
    ends = np.where(np.tile(whole, 2), both.second, both.furthest)
    ends = np.where(np.isfinite(both.furthest), ends, 0.0).reshape(2, jaws)
    lean = both.lean.reshape(2, jaws)
    return Edges(
        width=ends[0] + ends[1],
        middle=(ends[0] - ends[1]) / 2,
        lean=np.where(whole, (lean[0] - lean[1]) / 2, 0.0),
        wedge=np.where(whole, np.abs(lean[0] + lean[1]) / 2, UNSURE * gripper.friction),
        fall=both.fall.reshape(2, jaws).max(axis=0),
        hollow=both.hollow.reshape(2, jaws).max(axis=0),
        length=both.length.reshape(2, jaws).min(axis=0),
        pixels=np.bincount(jaw, minlength=jaws),
    )


@dataclass(frozen=True, eq=False)
class _Sides:
    """One edge each, (S,). second: furthest but one strip; the other fields as in `Edges`."""

    furthest: FloatArray
    second: FloatArray
    whole: npt.NDArray[np.bool_]
    lean: Matrix
    hollow: Matrix
    fall: Matrix
    length: FloatArray


def _sides(
    side: npt.NDArray[np.int64],
    sides: int,
    reach: FloatArray,
    across: FloatArray,
    above: FloatArray,
    spacing_m: float,
    gripper: Jaw,
) -> _Sides:
    """Of P points: which of the S sides each counts for, how far out and across the fingers it lies, how far above."""
    step = gripper.finger_width_m / STRIPS
    strip = np.clip((across / np.float32(step) + np.float32(STRIPS / 2)).astype(np.int64), 0, STRIPS - 1)
    ends = _furthest(reach, side * STRIPS + strip, sides * STRIPS).reshape(sides, STRIPS).T
    furthest = ends.max(axis=0)
    touched: npt.NDArray[np.bool_] = np.isfinite(ends)
    inward = furthest[side] - reach
    last = inward < spacing_m
    height = np.bincount(side[last], above[last], sides) / np.maximum(np.bincount(side[last], minlength=sides), 1)
    touching = inward < TOUCH_M
    across, of = across[touching], side[touching]
    return _Sides(
        furthest=furthest,
        second=np.sort(ends, axis=0)[-2],
        whole=np.logical_and(touched[: STRIPS // 2].any(axis=0), touched[STRIPS // 2 :].any(axis=0)),
        lean=_slope(ends, touched, step),
        hollow=_hollow(ends, step),
        fall=0.5 * spacing_m / np.maximum(height, 1e-4),
        length=np.maximum(_furthest(across, of, sides) + _furthest(-across, of, sides), 0),
    )


def _furthest(reach: FloatArray, of: npt.NDArray[np.int64], count: int) -> FloatArray:
    """(count,) largest of `reach` by `of`; -inf where there is none."""
    most = np.full(count, -np.inf, np.float32)
    np.maximum.at(most, of, reach)
    return most


def _slope(values: FloatArray, known: npt.NDArray[np.bool_], step: float) -> Matrix:
    """(F,) slope of the straight line through those of (S, F) values, `step` apart, that are known."""
    at = np.arange(len(values))[:, None] * step
    count = np.maximum(known.sum(axis=0), 1)
    away = np.where(known, at - (at * known).sum(axis=0) / count, 0)
    return (away * np.where(known, values, 0)).sum(axis=0) / np.maximum((away**2).sum(axis=0), step**2 / 4)


def _hollow(ends: FloatArray, step: float) -> Matrix:
    """(F,) slope at the outermost of (S, F) strip ends, `step` apart, of their symmetric parabola; 0 where it bulges.

    So small a hollow as the sensor's noise makes of a straight edge is none.
    """
    at = (np.arange(len(ends)) - (len(ends) - 1) / 2)[:, None] * step
    shape = at**2 - (at**2).mean()
    bend = (shape * np.where(np.isfinite(ends), ends, 0)).sum(axis=0) / (shape**2).sum()
    slope = np.where(np.isfinite(ends).all(axis=0), 2 * bend * at.max(), 0.0)
    return np.maximum(slope - EDGE_NOISE_M / at.max(), 0)
