"""From object poses to grasps: the object model's candidates, placed where the network found the object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from srclib_ros.config import GraspConfig
from srclib_ros.geometry.grasp_frame import pregrasp
from srclib_ros.grasping.above_floor import above_floor
from srclib_ros.grasping.candidates import GraspCandidates
from srclib_ros.grasping.gripper import Gripper
from srclib_ros.types import Grasp, Matrix, ObjectPose

IMAGES = 4
"""Of all the equal grasps that a symmetric part offers for one candidate, at most so many are proposed."""
PER_POSE = 60


def grasps_from_poses(
    poses: Sequence[ObjectPose],
    candidates: Mapping[str, GraspCandidates],
    gripper: Gripper,
    config: GraspConfig,
) -> list[Grasp]:
    """Every candidate of every pose as a grasp, at most PER_POSE of a pose, the network's best first.

    candidates: of each source that the poses name; one whose candidates are for another gripper gives no grasp. The
    pose's scale moves and widens a candidate along with the part. The quality is the network's for that candidate times
    the pose's score. A candidate of a symmetric part is proposed at those of its equal images that the tilt allows, and
    at the least tilted one where it allows none.
    Nothing is rejected here: `ranking.rank` does that and says why.
    """
    return [
        grasp
        for pose in poses
        if candidates[pose.source].gripper == gripper.name
        for grasp in _of_pose(pose, candidates[pose.source], gripper, config)
    ]


def place(
    candidates: GraspCandidates, T_bin_object: Matrix, scale: float, max_tilt_rad: float, images: int = IMAGES
) -> tuple[Matrix, npt.NDArray[np.int64]]:
    """T_bin_tcp (M, 4, 4) of the candidates' images under the part's symmetry, and each one's candidate (M,).

    T_bin_object: (4, 4); the object is first multiplied by `scale`. At most `images` a candidate, spread over those
    whose approach is within `max_tilt_rad` of straight down; where there is none, the least tilted one.
    """
    group = candidates.symmetry
    down = np.einsum("i,gij,kj->gk", -T_bin_object[2, :3], group[:, :3, :3], candidates.T_object_tcp[:, :3, 2])
    allowed = down >= np.cos(max_tilt_rad) - 1e-9
    rank_in_group = np.cumsum(allowed, axis=0) - 1
    count = allowed.sum(axis=0)
    # Of n allowed ones take those where i * images // n steps up: evenly spread, all where n <= images.
    n = np.maximum(count, 1)
    step = (rank_in_group * images) // n != ((rank_in_group - 1) * images) // n
    chosen = allowed & ((n <= images) | step)
    chosen[np.argmax(down, axis=0), np.arange(len(count))] |= count == 0
    index, element = np.nonzero(chosen.T)
    T_object_tcp = group[element] @ candidates.T_object_tcp[index]
    T_object_tcp[:, :3, 3] *= scale
    return T_bin_object @ T_object_tcp, index


def _of_pose(pose: ObjectPose, candidates: GraspCandidates, gripper: Gripper, config: GraspConfig) -> list[Grasp]:
    T_bin_tcp, index = place(candidates, pose.T_bin_object, pose.scale, config.max_tilt_rad)
    quality = np.clip(np.asarray(pose.grasp_quality, np.float64)[index] * pose.score, 0, 1)
    best = np.argsort(-quality, kind="stable")[:PER_POSE]
    width_m, reach_m = candidates.width_m[index[best]] * pose.scale, candidates.reach_m[index[best]] * pose.scale
    opening_m = gripper.opening_m(width_m, config.clearance_m)
    T_bin_tcp = above_floor(gripper.settled(T_bin_tcp[best]), opening_m, reach_m, gripper, config.clearance_m)
    back = pregrasp(T_bin_tcp, config.pregrasp_m)
    return [
        Grasp(
            T_bin_tcp=T_bin_tcp[row],
            T_bin_pregrasp=back[row],
            width_m=float(width_m[row]),
            quality=float(quality[best[row]]),
            gripper=gripper.name,
            part=pose.segment,
            source=pose.source,
            candidate=int(candidate),
        )
        for row, candidate in enumerate(index[best])
    ]
