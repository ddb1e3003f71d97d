"""Suction grasps for a part that no network speaks of: where one view of it is flat enough and whole under the lip.

Cups are set down all over the segment, moved square onto what lies below them (`patches`), and kept where the surface
is whole, even and not too curved. The quality is evenness x room to the next edge x spare strength x what the sensor
can vouch for, each in [0, 1]: rules of geometry, checked against true meshes in simulation, not a probability. The
part's weight is guessed (`weight`), and a segment that may not be one whole part, or lies under others, is trusted
less.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from srclib_ros.config import GraspConfig
from srclib_ros.geometry.grasp_frame import pregrasp, tilt_rad
from srclib_ros.grasping.burial import burial
from srclib_ros.grasping.suction.cup import SuctionCup
from srclib_ros.grasping.suction.patches import EDGE_M, ROOM_M, Patches, View, measure_patches
from srclib_ros.grasping.suction.seal import MAX_SLOPE_RAD
from srclib_ros.grasping.suction.weight import Weight, guess_weight
from srclib_ros.grasping.suction.wrench import accelerations, load, margins, wrench_quality
from srclib_ros.types import Grasp, Matrix, Scene, Segment

SEED_PITCH_M = 0.0025
SEEDS = 400
REACH_M = 0.06
"""Cups further than this from the middle of what is seen are not tried."""
SAME_PLACE_M = 0.004
TILT_OFF_RAD = 0.15
"""A normal may be off by so much from that of the surface under the whole lip."""
TOO_DEEP = 0.5
"""A part with so much of its border under something higher is not lifted: it is neither seen whole nor free."""
MOST = 24
PIXELS = (20, 80)
"""Of the part under the cup: with no more than the first the sensor vouches for nothing, with the second for all."""


def suction_grasps(scene: Scene, segment: Segment, cup: SuctionCup, config: GraspConfig) -> list[Grasp]:
    """Grasps of one segment, best first; none where the cup seals nowhere. Deterministic.

    Approaches keep to `config.max_tilt_rad`. Collisions of the cup's body are not known here: `ranking.judge` settles
    them.
    """
    seeds = _seeds(segment, config.max_tilt_rad)
    if not len(seeds):
        return []
    view, density = _view(scene, segment, cup), config.part_density_kg_m3
    found = measure_patches(segment.points_bin[seeds], segment.normals_bin[seeds], view, cup)
    quality = _quality(found, cup) * _spare_strength(found, guess_weight(segment, view.density_m2, density), cup)
    quality *= 1.0 if segment.completeness is None else 0.5 + 0.5 * segment.completeness
    quality *= max(0.0, 1.0 - float(burial(scene)[segment.label]) / TOO_DEEP)
    quality[tilt_rad(found.T_bin_tcp) > config.max_tilt_rad] = 0
    best = _spread_out(found.T_bin_tcp[:, :3, 3], quality)
    T = cup.settled(found.T_bin_tcp[best])
    back = pregrasp(T, config.pregrasp_m)
    return [
        Grasp(T[row], back[row], 0.0, float(quality[i]), cup.name, segment.label, None) for row, i in enumerate(best)
    ]


def _seeds(segment: Segment, max_tilt_rad: float) -> npt.NDArray[np.int64]:
    """Points of the segment to set cups down on: one for each square of SEED_PITCH_M, those nearest to its middle.

    None whose normal is much more tilted than the approach may be.
    """
    with np.errstate(invalid="ignore"):
        usable = np.flatnonzero(segment.normals_bin[:, 2] > np.cos(max_tilt_rad + TILT_OFF_RAD))
    if not len(usable):
        return usable
    xy = segment.points_bin[usable, :2]
    cell = np.floor(xy / SEED_PITCH_M).astype(np.int64)
    cell -= cell.min(axis=0)
    first = np.unique(cell[:, 1] * (cell[:, 0].max() + 1) + cell[:, 0], return_index=True)[1]
    away = np.linalg.norm(xy[first] - segment.centroid_bin[:2], axis=1)
    nearest = np.argsort(away, kind="stable")[:SEEDS]
    return usable[first[nearest[away[nearest] < REACH_M]]]


def _view(scene: Scene, segment: Segment, cup: SuctionCup) -> View:
    """The segment, and the points of the scene over and around it."""
    reach = cup.radius_m + ROOM_M
    low, high = segment.points_bin.min(axis=0) - reach, segment.points_bin.max(axis=0) + reach
    window = _window(scene, segment, reach)
    points, labels = scene.points_bin[window].reshape(-1, 3), scene.labels[window].ravel()
    with np.errstate(invalid="ignore"):
        near = scene.inside[window].ravel() & ((points[:, :2] >= low[:2]) & (points[:, :2] <= high[:2])).all(axis=1)
    near |= labels == segment.label
    return View(points[near], labels[near] == segment.label, scene.viewpoint_bin, _density_m2(segment))


def _window(scene: Scene, segment: Segment, reach_m: float) -> tuple[slice, ...]:
    """The part of an organised cloud that shows the segment and `reach_m` around it; all of another cloud."""
    if scene.labels.ndim != 2:
        return (slice(None),)
    rows, columns = np.divmod(segment.indices, scene.labels.shape[1])
    margin = int(np.ceil(1.5 * reach_m * np.sqrt(_density_m2(segment))))
    return tuple(slice(max(int(at.min()) - margin, 0), int(at.max()) + margin + 1) for at in (rows, columns))


def _density_m2(segment: Segment) -> float:
    """Points for each square metre, seen from above: of the fullest squares, so that holes do not count."""
    pitch_m = 0.006
    cell = np.floor(segment.points_bin[:, :2] / pitch_m).astype(np.int64)
    _, points = np.unique(cell, axis=0, return_counts=True)
    return float(np.quantile(points, 0.75)) / pitch_m**2


def _quality(found: Patches, cup: SuctionCup) -> Matrix:
    """(M,) from the surface alone."""
    even = np.clip(1 - found.gap_m / cup.lip_gap_m, 0, 1) * np.clip(1 - found.slope_rad / MAX_SLOPE_RAD, 0, 1)
    room = 0.2 + 0.8 * np.clip((found.room_m - EDGE_M) / (ROOM_M - EDGE_M), 0, 1)
    vouched = np.clip((found.points - PIXELS[0]) / (PIXELS[1] - PIXELS[0]), 0, 1)
    return np.where(found.whole, even * room * vouched, 0.0)


def _spare_strength(found: Patches, weight: Weight, cup: SuctionCup) -> Matrix:
    """(M,) from 0 to 1: what the part, lifted as it lies, leaves over of what each cup carries."""
    R, origin = found.T_bin_tcp[:, :3, :3], found.T_bin_tcp[:, :3, 3]
    centre_tcp = np.einsum("mji,mj->mi", R, weight.centre_bin - origin)
    force, moment = load(weight.mass_kg, centre_tcp[:, None], accelerations(-R[:, 2]))
    return wrench_quality(margins(cup, force, moment).min(axis=(1, 2)))


def _spread_out(origin: Matrix, quality: Matrix) -> npt.NDArray[np.int64]:
    """Indices of at most MOST cups, best first, no two in one place."""
    order = np.argsort(-quality, kind="stable")
    order = order[quality[order] > 0]
    if not len(order):
        return order
    left = np.ones(len(order), np.bool_)
    tree = cKDTree(origin[order])
    chosen: list[int] = []
    while left.any() and len(chosen) < MOST:
        i = int(np.argmax(left))
        chosen.append(int(order[i]))
        left[tree.query_ball_point(origin[order[i]], SAME_PLACE_M)] = False
    return np.array(chosen, np.int64)
