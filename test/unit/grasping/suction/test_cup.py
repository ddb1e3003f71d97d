"""The cup's body by arithmetic, and how it stands in the way of things."""

from __future__ import annotations

import numpy as np
import pytest
from support.suction_parts import cup_at

from srclib_ros.grasping.collision import Obstacles
from srclib_ros.grasping.gripper import as_cup, load_gripper

CUP = as_cup(load_gripper("suction"), "this test")
BIN_M = (0.36, 0.26, 0.12)


def test_boxes_of_bellows_tube_and_holder() -> None:
    boxes = CUP.boxes_tcp(np.zeros(2), sweep_m=0.05)
    assert boxes.shape == (2, 5, 2, 3)
    bellows, tube, holder = boxes[0, :3], boxes[0, 3], boxes[0, 4]
    np.testing.assert_allclose(bellows[:, 1, 2], -0.005)  # the lower half gives way
    np.testing.assert_allclose(bellows[:, 0, 2], -0.010 - 0.05)
    np.testing.assert_allclose(tube, [[-0.006, -0.006, -0.16], [0.006, 0.006, -0.01]])
    np.testing.assert_allclose(holder, [[-0.03, -0.03, -0.22], [0.03, 0.03, -0.11]])


def test_the_bellows_boxes_fill_a_circle() -> None:
    """No corner outside it, and most of it inside them."""
    half = CUP.boxes_tcp(0.0)[:3, 1, :2]
    np.testing.assert_allclose(np.hypot(*half.T), CUP.radius_m)
    rng = np.random.default_rng(0)
    points = rng.uniform(-CUP.radius_m, CUP.radius_m, (20_000, 2))
    points = points[np.hypot(*points.T) < CUP.radius_m]
    covered = (np.abs(points)[:, None] <= half).all(axis=2).any(axis=1)
    assert covered.mean() == pytest.approx(0.85, abs=0.01)


def test_a_cup_has_no_width_and_opens_not_at_all() -> None:
    assert CUP.widest_m == 0
    np.testing.assert_array_equal(CUP.opening_m([0.01, 0.02], 0.002), (0, 0))


def test_a_turn_about_the_approach_settles_on_one_pose() -> None:
    turn = np.eye(4)
    turn[:2, :2] = (0, -1), (1, 0)
    T = cup_at(x_mm=20, tilt_deg=20)
    np.testing.assert_allclose(CUP.settled(T @ turn), CUP.settled(T), atol=1e-12)
    np.testing.assert_allclose(CUP.settled(T)[:3, 2:], T[:3, 2:], atol=1e-12)


@pytest.mark.parametrize(
    ("x_m", "top_m", "hit"),
    [(0.0, 0.030, False), (0.0, 0.036, True), (0.009, 0.036, True), (0.011, 0.036, False), (0.025, 0.125, False),
     (0.025, 0.145, True)],
    ids=["on the lip", "in the bellows", "in their rim", "beside them", "below the holder", "in the holder"],
)  # fmt: skip
def test_a_post_in_the_way(x_m: float, top_m: float, hit: bool) -> None:
    """The lip is 30 mm above the floor, the bellows begin 5 mm higher, the holder 110 mm higher."""
    z = np.linspace(0.005, top_m, 60)
    post = np.stack([np.full(60, x_m), np.zeros(60), z], axis=1).astype(np.float32)
    obstacles = Obstacles(post, np.full(60, 2, np.int32), BIN_M)
    found = obstacles.clearances(cup_at(z_mm=30)[None], 0.0, 1, CUP, sweep_m=0.1)
    assert found.collides(0.0)[0] == hit


def test_a_cup_beside_the_part_misses_it() -> None:
    x, y = (v.ravel() for v in np.meshgrid(np.arange(-0.03, 0.03, 0.001), np.arange(-0.03, 0.03, 0.001)))
    top = np.stack([x, y, np.full_like(x, 0.02)], axis=1).astype(np.float32)
    eye = np.array((0.0, 0.0, 0.8))
    xf, yf = (v.ravel() for v in np.meshgrid(np.arange(0.04, 0.1, 0.002), np.arange(-0.05, 0.05, 0.002)))
    floor = np.stack([xf, yf, np.zeros_like(xf)], axis=1).astype(np.float32)
    labels = np.r_[np.ones(len(top)), np.zeros(len(floor))].astype(np.int32)
    obstacles = Obstacles(np.concatenate([top, floor]), labels, BIN_M, eye)
    T = np.stack([cup_at(z_mm=20), cup_at(x_mm=70, z_mm=20)])
    assert obstacles.misses(T, 0.0, 1, CUP).tolist() == [False, True]
