"""Grasps of a jaw in a pile whose outcome can be worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("mujoco")

from support.grasp_parts import boxes

from srclib_ros.errors import ConfigError, GripperError
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.geometry.transforms import invert
from srclib_ros.grasping.gripper import Gripper, load_gripper
from srclib_ros.simulation.motion import LIFT_M, hand_accelerations
from srclib_ros.simulation.mujoco_bodies import DENSITY_KG_M3
from srclib_ros.simulation.pile_hand import BIN as BIN_NUMBER
from srclib_ros.simulation.pile_jaw import PileJaw
from srclib_ros.simulation.pile_trial import DOWN, SLID_M, TURNED_RAD, PickFailure, PickOutcome, PileTrial
from srclib_ros.simulation.pile_trial_jaw import JawPileTrial
from srclib_ros.simulation.trial import G_M_S2, GraspTrial
from srclib_ros.types import Matrix

BIN = (0.36, 0.26, 0.12)
JAW = load_gripper("jaw")


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


def block(x_mm: float, y_mm: float, z_mm: float) -> PartMesh:
    return boxes(((0, 0, 0), (1e-3 * x_mm, 1e-3 * y_mm, 1e-3 * z_mm)))


CUBE, SMALL, BAR = block(30, 30, 30), block(10, 10, 10), block(120, 20, 24)


def at(x_mm: float, y_mm: float, z_mm: float) -> Matrix:
    T = np.eye(4)
    T[:3, 3] = 1e-3 * np.array((x_mm, y_mm, z_mm))
    return T


def from_above(x_mm: float = 0.0, y_mm: float = 0.0, tip_mm: float = 5.0) -> Matrix:
    """The fingers close along the bin's y."""
    return at(x_mm, y_mm, tip_mm) @ np.diag((1.0, -1.0, -1.0, 1.0))


def in_bin(*parts: tuple[PartMesh, Matrix], gripper: Gripper = JAW) -> PileTrial:
    return JawPileTrial(parts, BIN, gripper)


def weak(force_n: float) -> Gripper:
    return replace(JAW, force_n=force_n)


@pytest.fixture(scope="module")
def two_cubes() -> PileTrial:
    return in_bin((CUBE, at(0, 0, 15)), (CUBE, at(100, 50, 15)))


def test_a_cube_on_the_floor_is_lifted(two_cubes: PileTrial) -> None:
    outcome = two_cubes.run(from_above(), 0.030)
    assert outcome.success is True
    assert (outcome.part, outcome.lifted, outcome.hit) == (0, (0,), None)
    assert outcome.slip_m < 5e-4
    assert outcome.turn_rad < 0.01
    assert outcome.T_tcp_planned == pytest.approx(invert(from_above()) @ at(0, 0, 15), abs=2e-4)
    assert two_cubes.moved_m.max() < 2e-4


def test_a_cube_off_the_middle_is_centred_by_the_fingers(two_cubes: PileTrial) -> None:
    outcome = two_cubes.run(from_above(y_mm=2.0), 0.030)
    assert outcome.success
    assert outcome.T_tcp_planned[1, 3] == pytest.approx(0.002, abs=2e-4)
    assert outcome.T_tcp_closed[1, 3] == pytest.approx(0.0, abs=2e-4)


@pytest.mark.parametrize("part", [None, 0])
def test_fingers_that_open_too_little_hit_the_part(two_cubes: PileTrial, part: int | None) -> None:
    outcome = two_cubes.run(from_above(), 0.020, part)
    assert (outcome.failure, outcome.hit, outcome.success) == (PickFailure.HITS_PART, 0, False)


def test_half_a_millimetre_is_no_collision(two_cubes: PileTrial) -> None:
    assert two_cubes.run(from_above(y_mm=3.3), 0.030).success
    assert two_cubes.run(from_above(y_mm=3.8), 0.030).failure is PickFailure.HITS_PART
    assert two_cubes.run(from_above(tip_mm=-0.3), 0.030).success
    assert two_cubes.run(from_above(tip_mm=-0.8), 0.030).failure is PickFailure.HITS_BIN


def test_a_wall_is_in_the_way_from_the_side() -> None:
    sideways = at(-165, 0, 60)
    sideways[:3, :3] = np.array([(0, 0, 1), (0, 1, 0), (-1, 0, 0)], float)  # the approach along the bin's x
    trial = in_bin((block(30, 30, 70), at(-150, 0, 35)))
    assert trial.run(sideways, 0.030).failure is PickFailure.HITS_BIN
    assert trial.run(from_above(-150, 0, 55), 0.030).success


def test_a_neighbour_is_in_the_way() -> None:
    outcome = in_bin((CUBE, at(0, 0, 15)), (CUBE, at(0, 30.5, 15))).run(from_above(), 0.030)
    assert (outcome.failure, outcome.part, outcome.hit) == (PickFailure.HITS_NEIGHBOUR, 0, 1)


def test_two_small_parts_clamped_together_are_several() -> None:
    outcome = in_bin((SMALL, at(0, 5, 5)), (SMALL, at(0, -5, 5))).run(from_above(tip_mm=1.0), 0.020)
    assert (outcome.failure, outcome.lifted) == (PickFailure.SEVERAL, (0, 1))


def test_a_part_that_lies_on_another_comes_along() -> None:
    outcome = in_bin((CUBE, at(0, 0, 15)), (block(8, 12, 4), at(0, 0, 32))).run(from_above(), 0.030, part=0)
    assert (outcome.failure, outcome.lifted) == (PickFailure.SEVERAL, (0, 1))


def test_a_part_that_still_touches_something_is_not_clear(
    two_cubes: PileTrial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PileJaw, "touched_by", lambda hand, part: {BIN_NUMBER})
    assert two_cubes.run(from_above(), 0.030).failure is PickFailure.NOT_CLEAR


def test_what_touches_a_part_besides_the_hand() -> None:
    hand = PileJaw([(CUBE, at(0, 0, 15)), (SMALL, at(0, 0, 35))], BIN, JAW)
    hand.start(from_above(), 0.036)
    hand.step(count=200)
    assert hand.touching() == ({0}, {0})
    assert hand.touched_by(0) == {BIN_NUMBER, 1}


def test_air_is_missed(two_cubes: PileTrial) -> None:
    outcome = two_cubes.run(from_above(-60, -60), 0.030)
    assert (outcome.failure, outcome.part, outcome.T_tcp_closed) == (PickFailure.MISSED, None, None)
    assert two_cubes.run(from_above(tip_mm=40.0), 0.030).failure is PickFailure.MISSED


def test_another_part_than_the_one_meant(two_cubes: PileTrial) -> None:
    assert two_cubes.run(from_above(), 0.030, part=0).success
    outcome = two_cubes.run(from_above(), 0.030, part=1)
    assert (outcome.failure, outcome.part) == (PickFailure.WRONG_PART, 0)


def test_too_little_force_drops_the_part() -> None:
    """2 mu F = m g, without what lifting adds."""
    least_n = DENSITY_KG_M3 * 0.03**3 * G_M_S2 / (2.0 * JAW.friction)
    assert in_bin((CUBE, at(0, 0, 15)), gripper=weak(0.6 * least_n)).run(from_above(), 0.030).failure in (
        PickFailure.DROPPED,
        PickFailure.MISSED,
    )
    assert in_bin((CUBE, at(0, 0, 15)), gripper=weak(2.0 * least_n)).run(from_above(), 0.030).success


def test_a_bar_held_by_its_end_turns() -> None:
    outcome = in_bin((BAR, at(0, 0, 12)), gripper=weak(6.0)).run(from_above(50.0, tip_mm=2.0), 0.020)
    assert outcome.failure is PickFailure.TURNED
    assert outcome.turn_rad > TURNED_RAD
    assert outcome.slip_m > SLID_M


@pytest.mark.parametrize("force_n", [3.0, 60.0])
def test_a_lone_part_is_judged_as_without_a_pile(force_n: float) -> None:
    pile, alone = in_bin((BAR, at(0, 0, 12)), gripper=weak(force_n)), GraspTrial(BAR, weak(force_n))
    for x_mm in (0.0, 5.0, 10.0, 35.0, 50.0):
        T = from_above(x_mm, tip_mm=2.0)
        here, there = pile.run(T, 0.020), alone.run(invert(at(0, 0, 12)) @ T, 0.020)
        kept = there.lifted and bool(there.slip_m <= SLID_M and there.turn_rad <= TURNED_RAD)
        assert here.success is kept, (x_mm, here.failure, there.failure)
        if kept:
            assert here.slip_m == pytest.approx(there.slip_m, abs=1e-3)


def test_the_order_of_trials_does_not_matter(two_cubes: PileTrial) -> None:
    second = at(100, 50, 0) @ from_above()
    first = two_cubes.run(second, 0.030)
    for T, width_m in ((from_above(), 0.030), (from_above(), 0.020), (from_above(-60, -60), 0.030)):
        two_cubes.run(T, width_m)
    fresh = in_bin((CUBE, at(0, 0, 15)), (CUBE, at(100, 50, 15)))
    for again in (two_cubes.run(second, 0.030), fresh.run(second, 0.030)):
        assert again.success
        np.testing.assert_array_equal(again.T_tcp_held, first.T_tcp_held)


def test_the_hand_follows_its_motion_and_leaves_far_parts_alone() -> None:
    hand = PileJaw([(CUBE, at(0, 0, 15)), (CUBE, at(100, 50, 15))], BIN, JAW)
    before = hand.settled[1].copy()
    hand.start(from_above(), 0.036)
    hand.step(count=200)
    assert hand.touching() == ({0}, {0})
    assert hand.T_bin_tcp == pytest.approx(from_above(), abs=1e-7)
    motion = hand_accelerations(DOWN, hand.step_s)
    for _ in range(400):
        hand.step(next(motion))
    assert hand.T_bin_tcp == pytest.approx(at(0, 0, 1e3 * LIFT_M) @ from_above(), abs=1e-5)
    np.testing.assert_array_equal(hand.poses[1], before)
    hand.start(from_above(), 0.036)
    np.testing.assert_array_equal(hand.poses, hand.settled)


def test_where_physics_diverged_nothing_is_said(two_cubes: PileTrial, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PileJaw, "is_finite", property(lambda hand: False))
    outcome = two_cubes.run(from_above(), 0.030)
    assert (outcome.failure, outcome.success) == (PickFailure.DIVERGED, None)


def test_an_empty_bin_can_be_tried_in() -> None:
    trial = in_bin()
    assert trial.run(from_above(), 0.030).failure is PickFailure.MISSED
    assert trial.moved_m.shape == (0,)


@pytest.mark.parametrize(
    ("T", "width_m", "part", "error", "named"),
    [
        (2.0 * from_above(), 0.03, None, ConfigError, "rigid"),
        (np.full((4, 4), np.nan), 0.03, None, ConfigError, "T_bin_tcp"),
        (np.eye(3), 0.03, None, ConfigError, "T_bin_tcp"),
        (from_above(), 0.09, None, GripperError, "wider than jaw opens"),
        (from_above(), -0.01, None, ConfigError, "width_m"),
        (from_above(), np.nan, None, ConfigError, "width_m"),
        (from_above(), 0.03, 2, ConfigError, "none of the 2 parts"),
    ],
)
def test_impossible_grasps_are_named(
    two_cubes: PileTrial, T: Matrix, width_m: float, part: int | None, error: type[Exception], named: str
) -> None:
    with pytest.raises(error, match=named):
        two_cubes.run(T, width_m, part)


def test_a_gripper_without_fingers_is_refused() -> None:
    with pytest.raises(GripperError, match="name a jaw"):
        in_bin(gripper=load_gripper("suction"))


def test_success_is_no_failure() -> None:
    assert PickOutcome(None).success is True
    assert PickOutcome(PickFailure.SLID).success is False


@pytest.mark.parametrize("width_mm", [30.0, 34.0, 38.0])
def test_a_hand_astride_a_wall_does_not_clamp_through_it(width_mm: float) -> None:
    """A cube flush with the wall: one finger comes down outside the bin, whatever width was planned."""
    trial = in_bin((CUBE, at(0, 1e3 * BIN[1] / 2.0 - 15.0, 15)))
    outcome = trial.run(from_above(0.0, 1e3 * BIN[1] / 2.0 - 15.0), 1e-3 * width_mm)
    assert outcome.failure is PickFailure.HITS_BIN


def test_a_hand_that_shakes_into_a_high_wall_hits_it() -> None:
    """Walls higher than the lift, and the outer finger 6 mm from one of them, which is less than the hand shakes."""
    slim = replace(JAW, palm_size_m=(0.02, 0.04, 0.02), finger_depth_m=0.25)
    y_mm = 15.0 + 1e3 * slim.finger_thickness_m + 6.0 - 1e3 * BIN[1] / 2.0
    for height_m, failure in ((0.3, PickFailure.HITS_BIN), (0.05, None)):
        trial = JawPileTrial([(CUBE, at(0, y_mm, 15))], (*BIN[:2], height_m), slim)
        assert trial.run(from_above(0.0, y_mm), 0.030).failure is failure
