"""What is offered, in which order, and why the rest is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.height_field_scenes import block, grid, scene_of, turned
from support.ranked import ranked

from srclib_ros.config import GraspConfig
from srclib_ros.geometry.grasp_frame import flipped, pregrasp, tcp_pose
from srclib_ros.grasping.gripper import load_gripper
from srclib_ros.types import Grasp, RejectReason, Scene

JAW = load_gripper("jaw")
CONFIG = GraspConfig()
LEFT, RIGHT = (-0.08, 0.0), (0.08, 0.0)
WIDTH_M, HEIGHT_M = 0.03, 0.025


@pytest.fixture(scope="module")
def scene() -> Scene:
    """Two blocks far apart; part 1 on the left, part 2 on the right, their short side along y."""
    x, y = grid()
    return scene_of(x, y, [block(*turned(x, y, at, 0.0), (0.06, WIDTH_M, HEIGHT_M)) for at in (LEFT, RIGHT)])


def grasp(
    at: tuple[float, float],
    part: int,
    quality: float = 0.8,
    z: float = 0.01,
    closing: tuple[float, float] = (0, 1),
    tilt_rad: float = 0.0,
    width_m: float = WIDTH_M,
) -> Grasp:
    approach = np.array((np.sin(tilt_rad), 0, -np.cos(tilt_rad)))
    T = tcp_pose(np.array((*at, z)), approach, np.array((*closing, 0.0)))
    return Grasp(T, pregrasp(T, CONFIG.pregrasp_m), width_m, quality, "jaw", part, None)


def reason_for(scene: Scene, one: Grasp, config: GraspConfig = CONFIG, failed: tuple = ()) -> RejectReason | None:
    offered, rejected = ranked([one], scene, JAW, config, failed)
    assert len(offered) + len(rejected) == 1
    return rejected[0].reason if rejected else None


def test_a_good_grasp_is_offered(scene: Scene) -> None:
    assert reason_for(scene, grasp(LEFT, 1)) is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"width_m": 0.09}, RejectReason.TOO_WIDE),
        ({"tilt_rad": 0.8}, RejectReason.TILT),
        ({"tilt_rad": np.pi}, RejectReason.TILT),
        ({"at": (-0.19, 0.0)}, RejectReason.OUTSIDE),
        ({"quality": 0.05}, RejectReason.LOW_QUALITY),
        ({"quality": float("nan")}, RejectReason.LOW_QUALITY),
        ({"z": 0.001}, RejectReason.HITS_BIN),
        ({"at": (-0.08, 0.11)}, RejectReason.HITS_BIN),
        ({"at": (-0.08, 0.012)}, RejectReason.HITS_SCENE),
        ({"closing": (1, 0)}, RejectReason.HITS_SCENE),
        ({"at": (0.0, 0.06)}, RejectReason.MISSES),
        ({"at": RIGHT}, RejectReason.MISSES),
    ],
)
def test_each_fault_has_its_reason(scene: Scene, changes: dict, reason: RejectReason) -> None:
    wanted = {"at": LEFT, "part": 1} | changes
    assert reason_for(scene, grasp(**wanted)) is reason


def test_settings_decide(scene: Scene) -> None:
    good = grasp(LEFT, 1)
    assert reason_for(scene, grasp(LEFT, 1, z=0.0015), replace(CONFIG, clearance_m=0.001)) is None
    assert reason_for(scene, good, replace(CONFIG, min_quality=0.9)) is RejectReason.LOW_QUALITY
    assert reason_for(scene, good, replace(CONFIG, workspace_m=(0, -1, 0, 1, 1, 1))) is RejectReason.OUTSIDE


def test_a_failed_place_is_kept_away_from(scene: Scene) -> None:
    failed = (np.array((-0.075, 0.0, 0.01)),)
    assert reason_for(scene, grasp(LEFT, 1), CONFIG, failed) is RejectReason.FAILED_BEFORE
    assert reason_for(scene, grasp(RIGHT, 2), CONFIG, failed) is None


def test_a_neighbour_in_the_way_of_a_finger() -> None:
    """The finger needs its thickness and twice the clearance: 12 mm; 13 mm are enough, 11 mm are not."""
    x, y = grid(0.0005)
    for gap_m, reason in ((0.0135, None), (0.0105, RejectReason.HITS_SCENE)):
        parts = [
            block(x, y, (0.06, WIDTH_M, HEIGHT_M)),
            block(*turned(x, y, (0.0, WIDTH_M / 2 + gap_m + 0.01), 0.0), (0.06, 0.02, HEIGHT_M)),
        ]
        assert reason_for(scene_of(x, y, parts), grasp((0.0, 0.0), 1)) is reason


def test_each_part_once_before_any_part_twice(scene: Scene) -> None:
    grasps = [grasp((LEFT[0] + dx, 0.0), 1, quality) for dx, quality in ((-0.02, 0.7), (0.0, 0.95), (0.02, 0.9))] + [
        grasp(RIGHT, 2, 0.5)
    ]
    offered, rejected = ranked(grasps, scene, JAW, CONFIG)
    assert [(item.part, item.quality) for item in offered] == [(1, 0.95), (2, 0.5), (1, 0.9), (1, 0.7)]
    assert rejected == ()


def test_copies_are_offered_once_flips_too(scene: Scene) -> None:
    best = grasp(LEFT, 1, 0.9)
    flip = replace(best, T_bin_tcp=flipped(best.T_bin_tcp), quality=0.85)
    near = grasp((LEFT[0] + 0.004, 0.0), 1, 0.8)
    offered, rejected = ranked([near, flip, best], scene, JAW, CONFIG)
    assert [item.quality for item in offered] == [0.9]
    assert rejected == ()


def test_ids_are_stable_short_and_distinct(scene: Scene) -> None:
    grasps = [grasp((LEFT[0] + dx, 0.0), 1) for dx in (-0.02, 0.0, 0.02)] + [grasp(RIGHT, 2)]
    first, _ = ranked(grasps, scene, JAW, CONFIG)
    again, _ = ranked(grasps[::-1], scene, JAW, CONFIG)
    assert {item.grasp_id for item in first} == {item.grasp_id for item in again}
    assert len({item.grasp_id for item in first}) == 4
    assert all(len(item.grasp_id) == 8 for item in first)


def test_no_more_than_asked_and_none_of_none(scene: Scene) -> None:
    grasps = [grasp((LEFT[0] + dx, 0.0), 1) for dx in (-0.02, 0.0, 0.02)]
    assert len(ranked(grasps, scene, JAW, replace(CONFIG, max_grasps=2))[0]) == 2
    assert ranked([], scene, JAW, CONFIG) == ((), ())
