"""Suction grasps whose outcome can be worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.suction_parts import cup_at, hole, part_of, slab

pytest.importorskip("open3d")

from srclib_ros.errors import GripperError
from srclib_ros.geometry.transforms import invert
from srclib_ros.grasping.gripper import as_cup, load_gripper
from srclib_ros.grasping.suction.seal import Leak
from srclib_ros.simulation.motion import LIFT_M, LIFT_S, SHAKE_HZ, SHAKE_M
from srclib_ros.simulation.suction_trial import SuctionFailure, SuctionTrial
from srclib_ros.simulation.trial import G_M_S2
from srclib_ros.simulation.trials import pile_trial_for, trial_for
from srclib_ros.types import Matrix

CUP = as_cup(load_gripper("suction"), "this test")
PLATE = part_of(slab(120, 60, 10))
MASS_KG = 2700 * 0.12 * 0.06 * 0.01
LIFT_M_S2 = LIFT_M / LIFT_S**2 * 10.0 / np.sqrt(3.0)
SHAKE_M_S2 = SHAKE_M * (2 * np.pi * SHAKE_HZ) ** 2


def with_force(force_n: float) -> SuctionTrial:
    return SuctionTrial(PLATE, replace(CUP, vacuum_pa=force_n / (np.pi * CUP.radius_m**2)))


def sideways_tcp(T: Matrix) -> Matrix:
    """Gravity along the part's x, in the cup's frame: the plate hangs upright."""
    return T[:3, :3].T @ np.array((1.0, 0.0, 0.0))


def test_the_plate_weighs_what_it_should() -> None:
    assert SuctionTrial(PLATE, CUP).part_mass_kg == pytest.approx(MASS_KG)


def test_held_at_the_centre_and_peeled_at_the_rim() -> None:
    trial = SuctionTrial(PLATE, CUP)
    centre, rim = trial.run(cup_at()), trial.run(cup_at(x_mm=48))
    assert centre.stable and centre.lifted and centre.margin > 2
    assert rim.failure is SuctionFailure.PEELED and not rim.lifted
    assert 0 < rim.margin < 1


@pytest.mark.parametrize(("share", "stable"), [(0.97, False), (1.06, True)])
def test_the_weight_at_the_centre_is_pulled_off_or_not(share: float, stable: bool) -> None:
    """A plate without thickness would load the cup with m (g + a) alone; this one's shakes peel it only a little."""
    thin = part_of(slab(60, 60, 0.4))
    load_n = 2700 * 0.06**2 * 0.0004 * (G_M_S2 + LIFT_M_S2)
    cup = replace(CUP, vacuum_pa=share * load_n / (np.pi * CUP.radius_m**2), friction=5.0)
    outcome = SuctionTrial(thin, cup).run(cup_at())
    assert outcome.stable is stable
    assert outcome.failure is (None if stable else SuctionFailure.PULLED_OFF)


@pytest.mark.parametrize(("share", "stable"), [(0.97, False), (1.06, True)])
def test_the_rim_is_peeled_by_its_closed_form(share: float, stable: bool) -> None:
    """sqrt(2) W d = r (V - W) / 2 on the way up, d = 20 mm."""
    weight_n = MASS_KG * (G_M_S2 + LIFT_M_S2)
    needed_n = weight_n * (1 + 2 * np.sqrt(2) * 0.020 / CUP.radius_m)
    outcome = with_force(share * needed_n).run(cup_at(x_mm=20))
    assert outcome.stable is stable
    assert outcome.failure is (None if stable else SuctionFailure.PEELED)
    assert outcome.margin == pytest.approx(share, rel=0.01)


@pytest.mark.parametrize(("share", "stable"), [(0.97, False), (1.06, True)])
def test_an_upright_plate_slides_by_its_closed_form(share: float, stable: bool) -> None:
    """sqrt(3) m (g + a) = mu V: hung by the middle of its face."""
    weight_n = MASS_KG * (G_M_S2 + LIFT_M_S2)
    friction = share * np.sqrt(3) * weight_n / CUP.force_n
    T = cup_at()
    outcome = SuctionTrial(PLATE, replace(CUP, friction=friction)).run(T, down_tcp=sideways_tcp(T))
    assert outcome.stable is stable
    assert outcome.failure is (None if stable else SuctionFailure.SHEARED)


@pytest.mark.parametrize(("share", "stable"), [(0.97, False), (1.06, True)])
def test_an_upright_plate_twists_by_its_closed_form(share: float, stable: bool) -> None:
    """sqrt(3) m (g + a) d = r mu V: hung d = 25 mm beside its middle, level with it."""
    weight_n = MASS_KG * (G_M_S2 + LIFT_M_S2)
    friction = share * np.sqrt(3) * weight_n * 0.025 / (CUP.radius_m * CUP.force_n)
    plate = part_of(slab(60, 120, 10))
    T = cup_at(y_mm=25)
    outcome = SuctionTrial(plate, replace(CUP, friction=friction)).run(T, down_tcp=sideways_tcp(T))
    assert outcome.stable is stable
    assert outcome.failure is (None if stable else SuctionFailure.TWISTED)


def test_a_through_hole_under_the_lip_is_no_seal() -> None:
    outcome = SuctionTrial(part_of(slab(60, 60, 8) - hole(4, x_mm=10)), CUP).run(cup_at())
    assert outcome.failure is SuctionFailure.NO_SEAL
    assert outcome.leak is Leak.OFF_THE_PART and outcome.margin == 0


def test_a_wall_in_the_way_of_the_body() -> None:
    """15 mm from the axis: beside the lip, in the way of the holder."""
    walled = part_of(slab(80, 60, 8) + slab(4, 60, 130).translate((17, 0, 122)))
    assert SuctionTrial(walled, CUP).run(cup_at()).failure is SuctionFailure.STARTS_INSIDE


def test_quality_is_sure_away_from_limits_and_unsure_at_them() -> None:
    trial, rng = SuctionTrial(PLATE, CUP), np.random.default_rng(0)
    sure, outcomes = trial.quality(cup_at(), 0.0, rng)
    assert sure == 1.0 and len(outcomes) == 7
    assert trial.quality(cup_at(x_mm=55), 0.0, rng)[0] == 0.0
    assert 0.0 < trial.quality(cup_at(y_mm=20.0), 0.0, rng, repeats=40)[0] < 1.0


def test_the_same_grasp_of_a_moved_part_has_the_same_outcome() -> None:
    T_move = invert(cup_at(x_mm=33, y_mm=-12, z_mm=50, tilt_deg=25))
    moved = replace(PLATE, vertices=PLATE.vertices @ T_move[:3, :3].T + T_move[:3, 3])
    T = cup_at(x_mm=15)
    here, there = SuctionTrial(PLATE, CUP).run(T), SuctionTrial(moved, CUP).run(T_move @ T)
    assert here.failure is there.failure
    assert here.margin == pytest.approx(there.margin, rel=1e-3)


def test_each_gripper_has_its_trial() -> None:
    pytest.importorskip("mujoco")
    from srclib_ros.simulation.pile_trial_cup import CupPileTrial
    from srclib_ros.simulation.pile_trial_jaw import JawPileTrial
    from srclib_ros.simulation.trial import GraspTrial

    assert isinstance(trial_for(PLATE, CUP), SuctionTrial)
    assert isinstance(trial_for(PLATE, load_gripper("jaw")), GraspTrial)
    assert isinstance(pile_trial_for([], (0.3, 0.3, 0.1), CUP), CupPileTrial)
    assert isinstance(pile_trial_for([], (0.3, 0.3, 0.1), load_gripper("jaw")), JawPileTrial)
    with pytest.raises(GripperError, match="name a cup"):
        SuctionTrial(PLATE, load_gripper("jaw"))
    with pytest.raises(GripperError, match="name a jaw"):
        GraspTrial(PLATE, CUP)
