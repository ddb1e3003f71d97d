"""Where the open gripper touches floor, walls, neighbours and its own part: the answers are known."""

from __future__ import annotations

import numpy as np
import pytest

from srclib_ros.geometry.grasp_frame import tcp_pose
from srclib_ros.geometry.transforms import make_transform
from srclib_ros.grasping.collision import Obstacles, bin_clearance
from srclib_ros.grasping.gripper import load_gripper

JAW = load_gripper("jaw")
BIN_M = (0.36, 0.26, 0.12)
WIDTH_M = 0.03
OUTSIDE_M = WIDTH_M / 2 + JAW.finger_thickness_m  # from the middle to a finger's outer face


def down(x: float = 0.0, y: float = 0.0, z: float = 0.02, tilt_rad: float = 0.0) -> np.ndarray:
    """Straight down or tilted towards +x, closing along y."""
    approach = np.array((np.sin(tilt_rad), 0, -np.cos(tilt_rad)))
    return tcp_pose(np.array((x, y, z)), approach, np.array((0, 1.0, 0)))


def post(x: float, y: float, top_m: float) -> np.ndarray:
    """Points of a thin upright post."""
    z = np.linspace(0.005, top_m, 40)
    return np.stack([np.full(40, x), np.full(40, y), z], axis=1).astype(np.float32)


def clearances(points: np.ndarray, labels: int, T: np.ndarray, part: int = 1, reach_m: float = 0.02) -> tuple:
    obstacles = Obstacles(points, np.full(len(points), labels, np.int32), BIN_M)
    found = obstacles.clearances(T[None], WIDTH_M, part, JAW, sweep_m=0.1, reach_m=reach_m)
    return float(found.others_m[0]), float(found.own_m[0]), float(found.bin_m[0])


@pytest.mark.parametrize("gap_m", [0.001, 0.004, -0.002])
def test_a_neighbour_beside_a_finger(gap_m: float) -> None:
    others, own, _ = clearances(post(0, OUTSIDE_M + gap_m, 0.06), 2, down())
    assert others == pytest.approx(gap_m, abs=1e-5)
    assert own == pytest.approx(0.02)


def test_a_millimetre_is_enough_and_overlap_is_not() -> None:
    for gap_m, hit in ((0.001, False), (-0.0005, True)):
        points = post(0, OUTSIDE_M + gap_m, 0.06)
        found = Obstacles(points, np.full(len(points), 2), BIN_M).clearances(down()[None], WIDTH_M, 1, JAW, sweep_m=0.1)
        assert found.collides(0.0005)[0] == hit


def test_what_stands_lower_than_the_tips_is_passed_over() -> None:
    others, _, _ = clearances(post(0, WIDTH_M / 2 + 0.004, 0.015), 2, down(z=0.02))
    assert others == pytest.approx(0.005, abs=1e-4)


def test_a_post_between_the_fingers_is_free_until_the_palm_meets_it() -> None:
    palm_m = 0.02 + JAW.finger_depth_m
    assert clearances(post(0, 0, palm_m - 0.01), 2, down(z=0.02))[0] == pytest.approx(0.01, abs=1e-4)
    assert clearances(post(0, 0, palm_m + 0.005), 2, down(z=0.02))[0] == pytest.approx(-0.005, abs=1e-4)


def test_the_own_part_is_told_apart_from_others() -> None:
    points = post(0, WIDTH_M / 2 + 0.002, 0.06)
    others, own, _ = clearances(points, 1, down(), part=1)
    assert others == pytest.approx(0.02)
    assert own == pytest.approx(-0.002, abs=1e-5)


def test_overhang_is_hit_on_the_way_though_the_end_pose_is_free() -> None:
    ledge = np.array([[0, WIDTH_M / 2 + 0.004, 0.11]], np.float32)
    others, _, _ = clearances(ledge, 2, down(z=0.02))
    assert others < 0
    obstacles = Obstacles(ledge, np.array([2]), BIN_M)
    assert obstacles.clearances(down(z=0.02)[None], WIDTH_M, 1, JAW, sweep_m=0.0).others_m[0] < 0
    body_m = JAW.finger_depth_m + JAW.palm_size_m[2]
    ledge[:, 2] = 0.02 + body_m + 0.01  # above fingers and palm once they are down, yet on their way
    obstacles = Obstacles(ledge, np.array([2]), BIN_M)
    assert obstacles.clearances(down(z=0.02)[None], WIDTH_M, 1, JAW, sweep_m=0.0).others_m[0] > 0
    assert obstacles.clearances(down(z=0.02)[None], WIDTH_M, 1, JAW, sweep_m=0.1).others_m[0] < 0


def test_points_of_the_floor_and_the_walls_are_left_to_the_planes() -> None:
    on_bin = np.array([[0, OUTSIDE_M - 0.001, 0.001], [0.179, 0, 0.05], [0, -0.1295, 0.1]], np.float32)
    assert clearances(on_bin, 0, down(z=0.0005))[0] == pytest.approx(0.02)


def test_floor_and_walls_by_arithmetic() -> None:
    T = np.stack([down(z=0.01), down(z=-0.002), down(y=0.13 - OUTSIDE_M - 0.004), down(y=0.13 - OUTSIDE_M + 0.003)])
    boxes = JAW.boxes_tcp(np.full(4, WIDTH_M), 0.1)[:, :2]
    np.testing.assert_allclose(bin_clearance(T, boxes, BIN_M), (0.01, -0.002, 0.004, -0.003), atol=1e-9)


def test_the_palm_may_reach_over_the_rim() -> None:
    boxes = JAW.boxes_tcp(np.full(2, WIDTH_M), 0.1)
    undersides = np.array((0.125, 0.115)) - JAW.finger_depth_m
    T = np.stack([down(y=0.10, z=z) for z in undersides])
    over, into = bin_clearance(T, boxes, BIN_M)
    assert over == pytest.approx(0.005)
    assert into == pytest.approx(-0.005)


def test_a_plane_has_no_walls() -> None:
    boxes = JAW.boxes_tcp(np.full(1, WIDTH_M), 0.1)
    assert bin_clearance(down(y=0.2)[None], boxes, (0.36, 0.26, 0.0))[0] == pytest.approx(0.02)


def test_clearances_turn_with_the_scene() -> None:
    rng = np.random.default_rng(3)
    points = rng.uniform((-0.1, -0.1, 0.005), (0.1, 0.1, 0.05), (4000, 3)).astype(np.float32)
    T = np.stack(
        [down(*row) for row in rng.uniform((-0.05, -0.05, 0.02, 0), (0.05, 0.05, 0.05, 0.5), (30, 4)).tolist()]
    )
    half_turn = make_transform(np.diag((-1.0, -1.0, 1.0)), (0, 0, 0))
    plain, turned = (
        Obstacles(p.astype(np.float32), np.full(len(p), 2), BIN_M).clearances(poses, 0.03, 1, JAW, sweep_m=0.1)
        for p, poses in ((points, T), (points @ half_turn[:3, :3].T, half_turn @ T))
    )
    np.testing.assert_allclose(plain.bin_m, turned.bin_m, atol=1e-6)
    np.testing.assert_allclose(plain.others_m, turned.others_m, atol=3e-3)
    assert (plain.others_m < 0).any()


def test_no_points_no_collision() -> None:
    found = Obstacles(np.zeros((0, 3), np.float32), np.zeros(0, np.int32), BIN_M).clearances(
        down()[None], WIDTH_M, 1, JAW, sweep_m=0.1
    )
    assert not found.collides(0.002).any()


def test_closing_on_nothing_is_told_only_where_it_was_seen() -> None:
    x, y = np.meshgrid(np.arange(-0.1, 0.1, 0.002), np.arange(-0.1, 0.1, 0.002))
    floor = np.stack([x, y, np.zeros_like(x)], axis=-1).reshape(-1, 3).astype(np.float32)
    labels = np.zeros(len(floor), np.int32)
    above = np.array((0.0, 0.0, 0.8))
    ask = (down()[None], WIDTH_M, 1, JAW)
    assert Obstacles(floor, labels, BIN_M, above).misses(*ask)[0]
    hidden = np.hypot(floor[:, 0], floor[:, 1]) > 0.04
    assert not Obstacles(floor[hidden], labels[hidden], BIN_M, above).misses(*ask)[0]
    for label, missed in ((1, False), (2, True)):
        part = post(0, 0, 0.05)
        both = np.concatenate([floor, part])
        told = np.concatenate([labels, np.full(len(part), label, np.int32)])
        assert Obstacles(both, told, BIN_M, above).misses(*ask)[0] == missed
