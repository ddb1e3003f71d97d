"""Grasps for a part that no network speaks of: antipodal, from one view of one segment.

The part is looked at straight down, or along slanted approaches (against its mean normal, square to its long axis);
`jaw_fits` finds where a jaw fits, at several closing angles and depths; what is found is then measured on
the points themselves: the width, the direction of both edges, how squarely they face each other. The quality is
friction margin x support x clearance x centring x what the sensor can vouch for, each in [0, 1]: rules of geometry,
checked against true meshes in simulation, not a probability.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

from srclib_ros.config import GraspConfig
from srclib_ros.geometry.grasp_frame import pregrasp, tcp_pose, upright_variant
from srclib_ros.grasping.jaw import Jaw
from srclib_ros.grasping.jaw_fits import ENGAGED_M, PITCH_M, SPARE_M, Fits, find_fits
from srclib_ros.grasping.part_edges import measure_edges
from srclib_ros.grasping.surroundings import Surroundings
from srclib_ros.types import FloatArray, Grasp, Matrix, Scene, Segment

ANGLES = 6
DEPTHS = (0.3, 0.6, 1.0)
"""How far the tips reach below the top of the part, in pad heights."""
PER_APPROACH = 24
PART_POINTS, OTHER_POINTS = 6_000, 5_000
"""Enough that a part as large as REACH_M allows has no gaps wider than HOLES."""
REACH_M = 0.15
"""Of a larger part only what lies this near to its centroid is looked at; it is best held there."""
DISTINCT_APPROACH_RAD = 0.12
FLOOR_SPARE_M = 0.0002
MAX_TURN_RAD = 0.4
"""How far the closing direction is turned, in TURNS steps, to face the measured edges."""
TURNS = 1
PIXELS_ACROSS, PIXELS_HELD = (2, 5), (10, 40)
"""Pixels of the part between the pads, counted along the closing direction, and in all: with no more than the first
of each the sensor vouches for nothing, with the second for the whole grasp."""


class Approach(Enum):
    """Ways to come at a part, in the order to try them: what fits well straight down needs no slanted one."""

    STRAIGHT_DOWN = "straight down"
    SLANTED = "slanted"


def antipodal_grasps(
    scene: Scene,
    segment: Segment,
    gripper: Jaw,
    config: GraspConfig,
    approaches: Collection[Approach] = tuple(Approach),
) -> list[Grasp]:
    """Grasps of one segment, best first; none where the jaw fits nowhere. Deterministic.

    Widths are measured; approaches keep to `config.max_tilt_rad`. Collisions with the bin and with what stands around
    are only roughly known here: `ranking.judge` settles them.
    """
    from_centroid = segment.points_bin[:, :2] - segment.centroid_bin[:2]
    near = np.einsum("ni,ni->n", from_centroid, from_centroid) < REACH_M**2
    part = _thin_out(segment.points_bin[near], PART_POINTS)
    if len(part) < 3:
        return []
    views = _views(segment, approaches, config.max_tilt_rad)
    if not views:
        return []
    others = _surroundings(scene, segment, gripper)
    found = [_along(R_bin_up, part, others, gripper, config) for R_bin_up in views]
    T = np.concatenate([fits.T_bin_tcp for fits in found])
    width = np.concatenate([fits.width_m for fits in found])
    quality = np.concatenate([fits.quality for fits in found])
    order = np.argsort(-quality, kind="stable")
    T, width, quality = upright_variant(T[order]), width[order], quality[order]
    back = pregrasp(T, config.pregrasp_m)
    return [
        Grasp(T[i], back[i], float(width[i]), float(quality[i]), gripper.name, segment.label, None)
        for i in range(len(order))
    ]


@dataclass(frozen=True, eq=False)
class _Measured:
    T_bin_tcp: Matrix
    width_m: Matrix
    quality: Matrix


def _views(segment: Segment, approaches: Collection[Approach], max_tilt_rad: float) -> list[Matrix]:
    """Rotations R_bin_up (3, 3) to look along: z against the approach, x along the longest way across the part."""
    vertical = np.array((0.0, 0.0, 1.0))
    points = segment.points_bin.astype(np.float64)
    spread = points - points.mean(axis=0)
    straight_down = [_frame_of(vertical, spread)] if Approach.STRAIGHT_DOWN in approaches else []
    if Approach.SLANTED not in approaches:
        return straight_down
    long_axis = np.linalg.eigh(spread.T @ spread)[1][:, 2]
    normal = np.nan_to_num(segment.normals_bin.astype(np.float64)).mean(axis=0)
    ups = [vertical]
    for wanted in (normal, vertical - (vertical @ long_axis) * long_axis):
        length = np.linalg.norm(wanted)
        if length < 0.1:
            continue
        up = _towards_vertical(wanted / length, max_tilt_rad)
        if all(up @ other < np.cos(DISTINCT_APPROACH_RAD) for other in ups):
            ups.append(up)
    return straight_down + [_frame_of(up, spread) for up in ups[1:]]


def _towards_vertical(up: Matrix, max_tilt_rad: float) -> Matrix:
    """The direction nearest to `up` that is tilted by no more than `max_tilt_rad`."""
    tilt = np.arccos(np.clip(up[2], -1, 1))
    across = np.array((up[0], up[1], 0.0))
    if tilt <= max_tilt_rad or np.linalg.norm(across) < 1e-9:
        return up if up[2] > 0 else -up
    across /= np.linalg.norm(across)
    allowed = max(max_tilt_rad - 1e-3, 0.0)
    return np.sin(allowed) * across + np.cos(allowed) * np.array((0.0, 0.0, 1.0))


def _frame_of(up: Matrix, spread: Matrix) -> Matrix:
    """x along the part's longest extent square to `up`, so that the closing angles turn with the part."""
    flat = spread - (spread @ up)[:, None] * up
    x = np.linalg.eigh(flat.T @ flat)[1][:, 2]
    x -= (x @ up) * up
    x /= np.linalg.norm(x)
    return np.stack([x, np.cross(up, x), up], axis=1)


def _surroundings(scene: Scene, segment: Segment, gripper: Jaw) -> FloatArray:
    """(O, 3) points of anything else, floor and foreign shadows included, within the reach of the fingers."""
    reach = gripper.finger_thickness_m + SPARE_M + gripper.finger_width_m / 2 + PITCH_M
    low, high = segment.points_bin.min(axis=0) - reach, segment.points_bin.max(axis=0) + reach
    return _thin_out(Surroundings.of_scene(scene).around(segment.label, low, high), OTHER_POINTS)


def _along(
    R_bin_up: Matrix, part_bin: FloatArray, others_bin: FloatArray, gripper: Jaw, config: GraspConfig
) -> _Measured:
    """What fits along one approach, measured and judged."""
    centre = part_bin.mean(axis=0).astype(np.float64)
    R = R_bin_up.astype(np.float32)
    part, others = ((points - centre.astype(np.float32)) @ R for points in (part_bin, others_bin))
    angles = np.pi * np.arange(ANGLES) / ANGLES
    depths = gripper.pad_height_m * np.array(DEPTHS)
    size = float(np.linalg.norm(np.ptp(part[:, :2], axis=0)))
    above_floor_m = config.clearance_m + FLOOR_SPARE_M
    lowest = (above_floor_m - centre[2] - size / 2 * np.hypot(R_bin_up[2, 0], R_bin_up[2, 1])) / R_bin_up[2, 2]
    fits = find_fits(part, others, angles, depths, float(lowest), config.clearance_m, gripper)
    fits = _off_the_floor(fits, R_bin_up, float(centre[2]), above_floor_m, config.clearance_m, gripper)
    spacing = _spacing(part)
    straight = np.clip(1 - fits.skew / (gripper.friction + 0.5 * MAX_TURN_RAD), 0, 1)
    rough = straight * _engagement(fits, gripper) * _centring(fits.x, fits.y, size) * (0.5 + 0.5 * fits.seen)
    fits = fits.take(_spread_out(fits, rough))
    return _measure(fits, part, spacing, size, R_bin_up, centre, gripper)


def _off_the_floor(
    fits: Fits, R_bin_up: Matrix, centre_z_m: float, above_floor_m: float, clearance_m: float, gripper: Jaw
) -> Fits:
    """The fits with the fingertips raised until no corner is nearer to the floor than `above_floor_m`."""
    cos, sin = np.cos(fits.angle), np.sin(fits.angle)
    x_rise, y_rise, up_rise = R_bin_up[2]
    outer = fits.width / 2 + clearance_m + gripper.finger_thickness_m
    corner = np.abs(cos * x_rise + sin * y_rise) * outer
    corner += np.abs(sin * x_rise - cos * y_rise) * gripper.finger_width_m / 2
    needed = (above_floor_m + corner - centre_z_m - fits.x * x_rise - fits.y * y_rise) / up_rise
    raised = np.maximum(needed - fits.tip, 0).astype(np.float32)
    fits = replace(fits, tip=fits.tip + raised, depth=fits.depth - raised)
    return fits.take(np.flatnonzero(fits.depth > ENGAGED_M))


def _spread_out(fits: Fits, score: FloatArray) -> npt.NDArray[np.int64]:
    """Indices of at most PER_APPROACH fits, best first, no two much alike."""
    order = np.argsort(-score, kind="stable")
    order = order[score[order] > 0]
    chosen: list[int] = []
    left = np.ones(len(order), np.bool_)
    x, y, tip, angle = (values[order] for values in (fits.x, fits.y, fits.tip, fits.angle))
    while left.any() and len(chosen) < PER_APPROACH:
        i = int(np.argmax(left))
        chosen.append(int(order[i]))
        near = (np.hypot(x - x[i], y - y[i]) < 0.006) & (np.abs(tip - tip[i]) < 0.003)
        left &= ~(near & (np.abs(np.sin(angle - angle[i])) < 0.3))
        left[i] = False
    return np.array(chosen, np.int64)


def _measure(
    fits: Fits, part: FloatArray, spacing_m: float, size: float, R_bin_up: Matrix, centre: Matrix, gripper: Jaw
) -> _Measured:
    """Both edges of each run on the points themselves: width, middle, direction, and from these the quality."""
    if not len(fits):
        return _Measured(np.zeros((0, 4, 4)), np.zeros(0), np.zeros(0))
    x, y, angle, width = (np.asarray(v, np.float64) for v in (fits.x, fits.y, fits.angle, fits.width))
    for turn in range(TURNS + 1):
        edges = measure_edges(part, x, y, fits.tip, angle, width / 2 + PITCH_M, spacing_m, gripper)
        x, y, width = x + edges.middle * np.cos(angle), y + edges.middle * np.sin(angle), edges.width
        if turn < TURNS:
            angle = np.clip(angle + np.arctan(edges.lean), fits.angle - MAX_TURN_RAD, fits.angle + MAX_TURN_RAD)

    slope = np.hypot(edges.wedge + np.abs(edges.lean) + edges.hollow, edges.fall)
    friction = np.clip(1 - slope / gripper.friction, 0, 1)
    support = np.clip(edges.length / (0.75 * gripper.finger_width_m), 0, 1)
    clearance = 0.6 + 0.2 * fits.spare / SPARE_M + 0.2 * fits.seen
    quality = friction * (0.4 + 0.6 * support * _engagement(fits, gripper)) * clearance * _centring(x, y, size)
    quality *= _rise(width / spacing_m, *PIXELS_ACROSS) * _rise(edges.pixels, *PIXELS_HELD)

    closing = np.cos(angle)[:, None] * R_bin_up[:, 0] + np.sin(angle)[:, None] * R_bin_up[:, 1]
    origin = centre + np.stack([x, y, fits.tip], axis=1) @ R_bin_up.T
    T = tcp_pose(origin, np.broadcast_to(-R_bin_up[:, 2], origin.shape), closing)
    keep = (width > 0) & (quality > 0)
    return _Measured(T[keep], width[keep], np.clip(quality[keep], 0, 1))


def _rise(value: npt.NDArray[Any], low: float, high: float) -> Matrix:
    """0 up to `low`, 1 from `high` on, straight between."""
    return np.clip((value - low) / (high - low), 0, 1)


def _spacing(part: FloatArray) -> float:
    """Distance in metres between neighbouring points of the part, seen along the approach."""
    cells = np.unique(np.floor(part[:, :2] / PITCH_M).astype(np.int32) @ np.array((1, 1 << 16)))
    return float(np.clip(PITCH_M * np.sqrt(len(cells) / len(part)), 5e-4, 2 * PITCH_M))


def _engagement(fits: Fits, gripper: Jaw) -> FloatArray:
    """From 0 to 1: how much of the pad's height meets the part."""
    return np.sqrt(np.clip(fits.depth / gripper.pad_height_m, 0, 1))


def _centring(x: npt.NDArray[Any], y: npt.NDArray[Any], size: float) -> npt.NDArray[Any]:
    """1 over the centroid, 0.4 at half the part's size from it."""
    return 1 - 0.6 * np.clip(np.hypot(x, y) / max(0.5 * size, 1e-3), 0, 1)


def _thin_out(points: FloatArray, most: int) -> FloatArray:
    """At most `most` of the points, one over each square: every n-th of an image's pixels could leave stripes."""
    if len(points) <= most:
        return points
    low, extent = points[:, :2].min(axis=0), np.ptp(points[:, :2], axis=0)
    cell_m = np.float32(max(np.sqrt(extent[0] * extent[1] / most), extent.max() / most, 1e-6))
    column, row = ((points[:, :2] - low) / cell_m).astype(np.int64).T
    return points[np.unique(row * (column.max() + 1) + column, return_index=True)[1][:most]]
