"""Grasps of what lies on the floor, drawn back as far as the part allows."""

from __future__ import annotations

import numpy as np
import pytest

from srclib_ros.config import GraspConfig
from srclib_ros.geometry.grasp_frame import tcp_pose
from srclib_ros.geometry.mesh import centred
from srclib_ros.geometry.transforms import make_transform
from srclib_ros.grasping.above_floor import (
    LEAST_ENGAGED_M,
    MOST_DRAWN_BACK_M,
    SPARE_M,
    above_floor,
    reach_between,
)
from srclib_ros.grasping.candidates import generate_candidates
from srclib_ros.grasping.gripper import load_gripper
from srclib_ros.grasping.propose import grasps_from_poses
from srclib_ros.types import ObjectPose
from test.support.grasp_parts import boxes

JAW = load_gripper("jaw")
CLEARANCE_M = 0.002


def straight_down(z_m: float) -> np.ndarray:
    return tcp_pose(np.array((0.0, 0.0, z_m)), np.array((0.0, 0.0, -1.0)), np.array((0.0, 1.0, 0.0)))


def drawn_back_m(z_m: float, reach_m: float) -> float:
    T = straight_down(z_m)[None]
    found = above_floor(T, np.array([0.03]), np.array([reach_m]), JAW, CLEARANCE_M)
    np.testing.assert_array_equal(found[0, :3, :3], T[0, :3, :3])
    np.testing.assert_array_equal(found[0, :2, 3], T[0, :2, 3])
    return float(found[0, 2, 3] - z_m)


def test_the_reach_between_the_pads_by_hand() -> None:
    """A plate 3 mm thick about z = 0; tips 2 mm below its top, well above it, beside it, and without pads."""
    plate = boxes(((0, 0, 0), (0.05, 0.02, 0.003)))
    beside = straight_down(-0.0005)
    beside[1, 3] = 0.01
    T = np.stack([straight_down(-0.0005), straight_down(0.005), beside, straight_down(-0.0005)])
    found = reach_between(plate, T, np.array([0.02, 0.02, 0.02, 0.0]))
    np.testing.assert_allclose(found, (0.002, 0.0, 0.0, 0.0), atol=3e-4)


def test_of_a_rod_only_its_widest_line_counts() -> None:
    """The tips of a rod's grasp must not end up above its middle, from where it is squeezed out."""
    import trimesh

    rod = trimesh.creation.cylinder(0.002, 0.04, sections=64)
    rod.apply_transform(trimesh.transformations.rotation_matrix(np.pi / 2, (0, 1, 0)))
    part = centred("rod", "rod", rod.vertices, rod.faces)
    reach_m = float(reach_between(part, straight_down(-0.001)[None], np.array([0.004]))[0])
    assert 0.001 < reach_m < 0.0017
    assert drawn_back_m(0.001, reach_m) == 0.0


def test_what_is_short_of_the_floor_s_clearance_is_drawn_back_to_it() -> None:
    assert drawn_back_m(0.001, reach_m=0.002) == pytest.approx(CLEARANCE_M + SPARE_M - 0.001)
    assert drawn_back_m(0.003, reach_m=0.002) == 0.0


def test_not_where_too_little_of_the_part_would_be_left() -> None:
    short = CLEARANCE_M + SPARE_M - 0.001
    assert drawn_back_m(0.001, reach_m=short + LEAST_ENGAGED_M - 1e-5) == 0.0
    assert drawn_back_m(0.001, reach_m=short + LEAST_ENGAGED_M + 1e-5) > 0.0


def test_not_where_the_pose_must_be_wrong() -> None:
    assert drawn_back_m(CLEARANCE_M - MOST_DRAWN_BACK_M - 0.001, reach_m=0.05) == 0.0


def test_what_hardly_leans_is_set_upright_where_it_cannot_be_drawn_back_so() -> None:
    """The outer edge of the open fingers is 2 mm lower than their middle; the part that lies there lies level."""
    lean = tcp_pose(np.array((0.0, 0.0, 0.001)), np.array((0.0, 0.05, -1.0)), np.array((0.0, 1.0, 0.05)))[None]
    found = above_floor(lean, np.array([0.03]), np.array([0.002]), JAW, CLEARANCE_M)[0]
    np.testing.assert_allclose(found, straight_down(CLEARANCE_M + SPARE_M), atol=1e-12)
    deep = above_floor(lean, np.array([0.03]), np.array([0.02]), JAW, 0.001)
    np.testing.assert_array_equal(deep[0, :3, :3], lean[0, :3, :3])
    assert deep[0, 2, 3] > 0.001
    high = lean.copy()
    high[0, 2, 3] = 0.01
    np.testing.assert_array_equal(above_floor(high, np.array([0.03]), np.array([0.002]), JAW, CLEARANCE_M), high)


def test_a_leaning_one_goes_back_the_way_it_came() -> None:
    approach = np.array((0.5, 0.0, -np.sqrt(0.75)))
    T = tcp_pose(np.array((0.0, 0.0, 0.0045)), approach, np.array((0.0, 1.0, 0.0)))[None]
    found = above_floor(T, np.array([0.03]), np.array([0.02]), JAW, CLEARANCE_M)
    moved = (found - T)[0, :3, 3]
    assert moved @ approach < -1e-4
    np.testing.assert_allclose(np.cross(moved, approach), 0.0, atol=1e-9)


def test_a_flat_part_on_the_floor_is_taken_clear_of_it() -> None:
    """A plate 4 mm thick: the tips end 1 mm before its far side, where more than one is to stay free of the floor."""
    plate = boxes(((0, 0, 0), (0.05, 0.03, 0.004)))
    found = generate_candidates(plate, JAW, np.random.default_rng(0), 240)
    from_above = np.flatnonzero(np.isclose(found.T_object_tcp[:, 2, 3], -0.001) & (found.T_object_tcp[:, 2, 2] < -0.99))
    assert len(from_above)
    np.testing.assert_allclose(found.reach_m[from_above], 0.003, atol=3e-4)
    quality = np.isin(np.arange(len(found)), from_above).astype(np.float32)
    pose = ObjectPose(1, "plate", make_transform(np.eye(3), (0.0, 0.0, 0.002)), 1.0, 1.0, 1.0, quality)
    grasps = grasps_from_poses([pose], {"plate": found}, JAW, GraspConfig(clearance_m=CLEARANCE_M))
    height_m = [grasp.T_bin_tcp[2, 3] for grasp in grasps if grasp.quality > 0.0]
    np.testing.assert_allclose(height_m, CLEARANCE_M + SPARE_M, atol=1e-9)
