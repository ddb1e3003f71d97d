"""The gripper's axes: right-handed, drawn back along the approach, blind to a swap of fingers."""

from __future__ import annotations

import numpy as np

from srclib_ros.geometry.grasp_frame import flipped, least_turned, pregrasp, tcp_pose, tilt_rad, upright_variant
from srclib_ros.geometry.transforms import is_rigid


def straight_down(closing: tuple[float, float, float] = (0, 1, 0)) -> np.ndarray:
    return tcp_pose(np.array((0.1, 0.2, 0.3)), np.array((0, 0, -2.0)), np.array(closing))


def test_axes_are_right_handed_and_made_square() -> None:
    T = straight_down((0.0, 3.0, 5.0))
    assert is_rigid(T)
    np.testing.assert_allclose(T[:3, 2], (0, 0, -1))
    np.testing.assert_allclose(T[:3, 1], (0, 1, 0))
    np.testing.assert_allclose(T[:3, 0], (-1, 0, 0))


def test_pregrasp_lies_against_the_approach() -> None:
    np.testing.assert_allclose(pregrasp(straight_down(), 0.05)[:3, 3], (0.1, 0.2, 0.35))


def test_a_flip_swaps_the_fingers_and_keeps_the_approach() -> None:
    T = straight_down()
    np.testing.assert_allclose(flipped(T)[:3, :3], T[:3, :3] * (-1, -1, 1))
    np.testing.assert_allclose(flipped(flipped(T)), T)


def test_a_grasp_and_its_flip_settle_on_one_variant() -> None:
    angles = np.linspace(0, 2 * np.pi, 17)
    T = np.stack([straight_down((np.cos(a), np.sin(a), 0)) for a in angles])
    np.testing.assert_allclose(upright_variant(T), upright_variant(flipped(T)), atol=1e-9)
    assert (upright_variant(T)[:, 0, 1] >= -1e-9).all()


def test_all_turns_of_a_suction_grasp_settle_on_one() -> None:
    angles = np.linspace(0, 2 * np.pi, 17)
    T = np.stack([straight_down((np.cos(a), np.sin(a), 0)) for a in angles])
    np.testing.assert_allclose(least_turned(T), np.broadcast_to(straight_down((1.0, 0, 0)), T.shape), atol=1e-9)
    along_x = tcp_pose(np.zeros(3), np.array((1.0, 0, 0)), np.array((0, 1.0, 1.0)))
    np.testing.assert_allclose(least_turned(along_x)[:3, 1], (0, 1, 0))


def test_tilt_is_measured_from_straight_down() -> None:
    lean = tcp_pose(np.zeros(3), np.array((np.sin(0.4), 0, -np.cos(0.4))), np.array((0, 1, 0)))
    np.testing.assert_allclose(tilt_rad(np.stack([straight_down(), lean])), (0, 0.4), atol=1e-6)
