"""Which grasps are offered, best first, and why the others are not."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from srclib_ros.config import GraspConfig
from srclib_ros.geometry.grasp_frame import tilt_rad
from srclib_ros.grasping.collision import Obstacles
from srclib_ros.grasping.gripper import Gripper
from srclib_ros.types import Grasp, Matrix, RejectedGrasp, RejectReason, Scene

SAME_PLACE_M = 0.01
SAME_TURN_RAD = 0.35
"""Two grasps of one part nearer than both are one grasp: only the better is offered."""


def judge(
    grasps: Sequence[Grasp],
    scene: Scene,
    obstacles: Obstacles,
    gripper: Gripper,
    config: GraspConfig,
    failed: Sequence[Matrix] = (),
) -> list[RejectReason | None]:
    """Why each grasp cannot be offered; None where nothing speaks against it.

    failed: TCP positions (3,) in the bin frame to stay away from.
    """
    if not grasps:
        return []
    T = np.stack([grasp.T_bin_tcp for grasp in grasps])
    quality = np.array([grasp.quality for grasp in grasps])
    reasons = _reject_early(grasps, T, quality, scene, gripper, config, failed)
    left = np.array([i for i, reason in enumerate(reasons) if reason is None], np.int64)
    _reject_collisions(grasps, T, left, reasons, obstacles, gripper, config)
    return reasons


def rank(
    grasps: Sequence[Grasp], reasons: Sequence[RejectReason | None], scene: Scene, most: int
) -> tuple[tuple[Grasp, ...], tuple[RejectedGrasp, ...]]:
    """The judged grasps to offer, best first, at most `most`, and every rejected one with its reason.

    The best grasp of each part comes before any second one. Near copies of a better grasp, and what `most` cuts off,
    are dropped without a reason: nothing is wrong with them. `grasp_id` is set: the same grasp of the same capture
    has the same id.
    """
    if not grasps:
        return (), ()
    T = np.stack([grasp.T_bin_tcp for grasp in grasps])
    quality = np.array([grasp.quality for grasp in grasps])
    accepted = [i for i in np.argsort(-quality, kind="stable") if reasons[i] is None]
    offered = _parts_in_turn(grasps, _without_copies(grasps, T, accepted))[:most]
    rejected = tuple(
        RejectedGrasp(grasp, reason) for grasp, reason in zip(grasps, reasons, strict=True) if reason is not None
    )
    return tuple(replace(grasps[i], grasp_id=_grasp_id(grasps[i], scene)) for i in offered), rejected


def _reject_early(
    grasps: Sequence[Grasp],
    T: Matrix,
    quality: Matrix,
    scene: Scene,
    gripper: Gripper,
    config: GraspConfig,
    failed: Sequence[Matrix],
) -> list[RejectReason | None]:
    """Everything that needs no points: the reason for each grasp, None where there is none yet."""
    width = np.array([grasp.width_m for grasp in grasps])
    low, high = _workspace(scene, config)
    origin = T[:, :3, 3]
    tests = (
        (RejectReason.TOO_WIDE, width > gripper.widest_m),
        (RejectReason.TILT, tilt_rad(T) > config.max_tilt_rad + 1e-6),
        (RejectReason.OUTSIDE, ((origin < low) | (origin > high)).any(axis=1)),
        (RejectReason.LOW_QUALITY, ~(quality >= config.min_quality)),
        (RejectReason.FAILED_BEFORE, _near_any(origin, failed, config.retry_radius_m)),
    )
    reasons: list[RejectReason | None] = [None] * len(grasps)
    for reason, fails in reversed(tests):
        for i in np.flatnonzero(fails):
            reasons[i] = reason
    return reasons


def _reject_collisions(
    grasps: Sequence[Grasp],
    T: Matrix,
    left: npt.NDArray[np.int64],
    reasons: list[RejectReason | None],
    obstacles: Obstacles,
    gripper: Gripper,
    config: GraspConfig,
) -> None:
    if not len(left):
        return
    width = np.array([grasps[i].width_m for i in left])
    part = np.array([grasps[i].part for i in left])
    opening = gripper.opening_m(width, config.clearance_m)
    found = obstacles.clearances(
        T[left], opening, part, gripper, sweep_m=config.pregrasp_m, reach_m=config.clearance_m + 0.001
    )
    tests = (
        (RejectReason.HITS_BIN, found.bin_m < config.clearance_m),
        (RejectReason.HITS_SCENE, (found.others_m < config.clearance_m) | (found.own_m < 0)),
        (RejectReason.MISSES, obstacles.misses(T[left], width, part, gripper)),
        (RejectReason.HIDDEN, found.hidden_m < 0),
    )
    for reason, fails in reversed(tests):
        for i in left[fails]:
            reasons[i] = reason


def _workspace(scene: Scene, config: GraspConfig) -> tuple[Matrix, Matrix]:
    if config.workspace_m:
        return np.array(config.workspace_m[:3]), np.array(config.workspace_m[3:])
    half_x, half_y = scene.bin.size_m[0] / 2, scene.bin.size_m[1] / 2
    return np.array((-half_x, -half_y, 0.0)), np.array((half_x, half_y, np.inf))


def _near_any(points: Matrix, places: Sequence[Matrix], radius_m: float) -> npt.NDArray[np.bool_]:
    if not len(places):
        return np.zeros(len(points), np.bool_)
    away = np.linalg.norm(points[:, None] - np.asarray(places, np.float64).reshape(-1, 3), axis=2)
    return (away < radius_m).any(axis=1)


def _without_copies(grasps: Sequence[Grasp], T: Matrix, accepted: Sequence[int]) -> list[int]:
    """Non-maximum suppression within each part; `accepted` comes best first. A flip is a copy too."""
    kept: list[int] = []
    by_part: dict[int, list[int]] = {}
    for i in accepted:
        rivals = by_part.setdefault(grasps[i].part, [])
        if rivals:
            other = T[rivals]
            near = np.linalg.norm(other[:, :3, 3] - T[i, :3, 3], axis=1) < SAME_PLACE_M
            approach = other[:, :3, 2] @ T[i, :3, 2] > np.cos(SAME_TURN_RAD)
            closing = np.abs(other[:, :3, 1] @ T[i, :3, 1]) > np.cos(SAME_TURN_RAD)
            if (near & approach & closing).any():
                continue
        rivals.append(i)
        kept.append(int(i))
    return kept


def _parts_in_turn(grasps: Sequence[Grasp], kept: Sequence[int]) -> list[int]:
    """The best of each part first, then the rest; `kept` comes best first."""
    seen: Counter[int] = Counter()
    first: list[int] = []
    rest: list[int] = []
    for i in kept:
        (rest if seen[grasps[i].part] else first).append(i)
        seen[grasps[i].part] += 1
    return first + rest


def _grasp_id(grasp: Grasp, scene: Scene) -> str:
    """Eight hexadecimal digits from the capture's stamp, the part and the pose to a tenth of a millimetre."""
    pose = np.round(grasp.T_bin_tcp[:3] * 1e4).astype(np.int64)
    text = f"{scene.cloud.stamp_ns} {grasp.part} {grasp.source} {grasp.candidate} {pose.tolist()}"
    return hashlib.blake2s(text.encode(), digest_size=4).hexdigest()
