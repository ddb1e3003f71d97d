"""Candidates carried to where their object lies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from srclib_ros.config import GraspConfig
from srclib_ros.geometry.grasp_frame import tcp_pose, tilt_rad
from srclib_ros.geometry.transforms import make_transform
from srclib_ros.grasping.candidates import GraspCandidates
from srclib_ros.grasping.gripper import load_gripper
from srclib_ros.grasping.propose import grasps_from_poses, place
from srclib_ros.types import ObjectPose

JAW = load_gripper("jaw")
CONFIG = GraspConfig()


def turn_x(angle_rad: float) -> np.ndarray:
    c, s = np.cos(angle_rad), np.sin(angle_rad)
    return make_transform(np.array(((1, 0, 0), (0, c, -s), (0, s, c))), (0, 0, 0))


def radial_grasp(symmetry: np.ndarray | None = None) -> GraspCandidates:
    """One grasp of a rod along x: from above in its own frame, a centimetre off the middle."""
    T = tcp_pose(np.array((0.01, 0, 0)), np.array((0, 0, -1.0)), np.array((0, 1.0, 0)))
    group = np.eye(4)[None] if symmetry is None else symmetry
    return GraspCandidates(T[None], np.array([0.02]), np.array([1.0]), "jaw", group)


def pose(T_bin_object: np.ndarray, scale: float = 1.0, quality: tuple[float, ...] = (0.8,)) -> ObjectPose:
    return ObjectPose(3, "rod", T_bin_object, scale, 0.5, 1.0, np.array(quality, np.float32))


def test_pose_scale_and_score_go_into_the_grasp() -> None:
    T = make_transform(np.eye(3), (0.1, 0.02, 0.03))
    (grasp,) = grasps_from_poses([pose(T, scale=1.5)], {"rod": radial_grasp()}, JAW, CONFIG)
    np.testing.assert_allclose(grasp.T_bin_tcp[:3, 3], (0.115, 0.02, 0.03))
    np.testing.assert_allclose(grasp.T_bin_pregrasp[:3, 3], (0.115, 0.02, 0.03 + CONFIG.pregrasp_m))
    assert grasp.width_m == pytest.approx(0.03)
    assert grasp.quality == pytest.approx(0.4)
    assert (grasp.part, grasp.source, grasp.gripper, grasp.candidate) == (3, "rod", "jaw", 0)


def test_a_grasp_from_below_is_still_proposed_for_the_ranking_to_reject() -> None:
    (grasp,) = grasps_from_poses([pose(turn_x(np.pi))], {"rod": radial_grasp()}, JAW, CONFIG)
    assert tilt_rad(grasp.T_bin_tcp) == pytest.approx(np.pi)


@pytest.mark.parametrize("rolled_rad", [0.0, 1.0, np.pi])
def test_a_round_part_is_approached_from_above_however_it_is_rolled(rolled_rad: float) -> None:
    around = np.stack([turn_x(a) for a in np.linspace(0, 2 * np.pi, 36, endpoint=False)])
    T, index = place(radial_grasp(around), turn_x(rolled_rad), 1.0, 0.7)
    assert 1 < len(T) <= 4
    assert (index == 0).all()
    assert (tilt_rad(T) <= 0.7 + 1e-6).all()


def test_few_images_are_all_taken() -> None:
    group = np.stack([np.eye(4), np.diag((1.0, -1.0, -1.0, 1.0)), np.diag((-1.0, -1.0, 1.0, 1.0))])
    T, _ = place(radial_grasp(group), np.eye(4), 1.0, 0.7)
    assert sorted(T[:, 0, 3].round(6).tolist()) == [-0.01, 0.01]


def test_the_best_come_first_and_no_pose_gives_no_grasp() -> None:
    one = radial_grasp()
    two = GraspCandidates(np.repeat(one.T_object_tcp, 2, 0), np.array([0.02, 0.03]), np.ones(2), "jaw")
    grasps = grasps_from_poses([pose(np.eye(4), quality=(0.2, 0.9))], {"rod": two}, JAW, CONFIG)
    assert [grasp.candidate for grasp in grasps] == [1, 0]
    assert grasps_from_poses([], {}, JAW, CONFIG) == []


def test_the_candidates_of_another_gripper_give_no_grasp() -> None:
    poses = [pose(np.eye(4))]
    for name in ("jaw_small", "suction"):
        assert grasps_from_poses(poses, {"rod": radial_grasp()}, load_gripper(name), CONFIG) == []


def test_suction_candidates_are_placed_and_settled() -> None:
    candidates = replace(radial_grasp(), gripper="suction", width_m=np.zeros(1))
    (grasp,) = grasps_from_poses([pose(np.eye(4), scale=2.0)], {"rod": candidates}, load_gripper("suction"), CONFIG)
    assert (grasp.gripper, grasp.width_m) == ("suction", 0.0)
    np.testing.assert_allclose(grasp.T_bin_tcp[:3, 1], (1, 0, 0), atol=1e-12)
    np.testing.assert_allclose(grasp.T_bin_tcp[:3, 3], (0.02, 0, 0))
