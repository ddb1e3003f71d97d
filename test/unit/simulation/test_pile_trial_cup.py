"""Grasps of a suction cup in a pile whose outcome can be worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("mujoco")
pytest.importorskip("open3d")

from scipy.spatial.transform import Rotation
from support.suction_parts import hole, part_of, slab

from srclib_ros.errors import ConfigError, GripperError
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.geometry.transforms import invert
from srclib_ros.grasping.gripper import as_cup, load_gripper
from srclib_ros.grasping.suction.cup import SuctionCup
from srclib_ros.grasping.suction.seal import Leak
from srclib_ros.simulation.motion import LIFT_M, LIFT_S, SHAKE_HZ, SHAKE_M, hand_accelerations
from srclib_ros.simulation.mujoco_bodies import DENSITY_KG_M3
from srclib_ros.simulation.pile_cup import PileCup
from srclib_ros.simulation.pile_hand import BIN as BIN_NUMBER
from srclib_ros.simulation.pile_trial import DOWN, PickFailure
from srclib_ros.simulation.pile_trial_cup import CupPileTrial
from srclib_ros.simulation.suction_trial import SuctionFailure, SuctionTrial
from srclib_ros.simulation.trial import G_M_S2
from srclib_ros.types import Matrix

BIN = (0.36, 0.26, 0.12)
CUP = as_cup(load_gripper("suction"), "this test")
PLATE = part_of(slab(60, 40, 10))
MASS_KG = DENSITY_KG_M3 * 0.06 * 0.04 * 0.01
LIFT_M_S2 = LIFT_M / LIFT_S**2 * 10.0 / np.sqrt(3.0)


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


def at(x_mm: float, y_mm: float, top_mm: float = 10.0, turned_deg: float = 0.0) -> Matrix:
    """T_bin_object of a part of `suction_parts`, whose top is at its origin."""
    T = np.eye(4)
    T[:3, :3] = Rotation.from_euler("z", turned_deg, degrees=True).as_matrix()
    T[:3, 3] = 1e-3 * np.array((x_mm, y_mm, top_mm))
    return T


def from_above(x_mm: float = 0.0, y_mm: float = 0.0, lip_mm: float = 10.0) -> Matrix:
    return at(x_mm, y_mm, lip_mm) @ np.diag((1.0, -1.0, -1.0, 1.0))


def in_bin(*parts: tuple[PartMesh, Matrix], cup: SuctionCup = CUP) -> CupPileTrial:
    return CupPileTrial(parts, BIN, cup)


def carrying(force_n: float) -> SuctionCup:
    return replace(CUP, vacuum_pa=force_n / (np.pi * CUP.radius_m**2))


@pytest.fixture(scope="module")
def two_plates() -> CupPileTrial:
    return in_bin((PLATE, at(0, 0)), (PLATE, at(100, 50, turned_deg=90)))


def test_a_plate_on_the_floor_is_lifted(two_plates: CupPileTrial) -> None:
    outcome = two_plates.run(from_above(), 0.0)
    assert outcome.success is True
    assert (outcome.part, outcome.lifted, outcome.hit, outcome.leak) == (0, (0,), None, None)
    assert outcome.slip_m < 1e-4 and outcome.turn_rad < 1e-3
    assert outcome.T_tcp_planned == pytest.approx(invert(from_above()) @ at(0, 0), abs=2e-4)
    assert outcome.T_tcp_held == pytest.approx(outcome.T_tcp_closed, abs=1e-4)
    other = two_plates.run(from_above(100, 50), 0.0)
    assert (other.success, other.part, other.lifted) == (True, 1, (1,))


def test_the_bond_carries_what_hangs_on_it() -> None:
    """m g and m (g + a), straight down, and their moment about the lip; the shakes pull sideways."""
    T_tcp_bin = invert(at(12, -7, 10.0, 30.0) @ np.diag((1.0, -1.0, -1.0, 1.0)))
    hand = PileCup([(PLATE, at(0, 0, turned_deg=70)), (PLATE, at(100, 50))], BIN, CUP)
    hand.start(invert(T_tcp_bin))
    hand.hold(0, np.array((0.0, 0.0, 0.001)))
    centre_from_lip = T_tcp_bin[:3, :3] @ (1e-3 * np.array((-12, 7, -4)))
    for step, a in enumerate(hand_accelerations(DOWN, hand.step_s)):
        hand.step(a)
        force, moment = hand.load_tcp()
        if step in (100, 150, 250, 400, 530, 560, 800):
            pulls = MASS_KG * T_tcp_bin[:3, :3] @ (G_M_S2 * DOWN - a)
            assert force == pytest.approx(pulls, abs=0.01 * MASS_KG * G_M_S2), step
            assert moment == pytest.approx(np.cross(centre_from_lip, pulls), abs=2e-4), step
    assert force[2] == pytest.approx(MASS_KG * G_M_S2, rel=1e-3)
    assert hand.touched_by(0) == set()


def test_a_plate_at_rest_weighs_little_on_the_cup() -> None:
    hand = PileCup([(PLATE, at(0, 0))], BIN, CUP)
    hand.start(from_above())
    hand.hold(0, np.zeros(3))
    hand.step(count=20)
    force, _ = hand.load_tcp()
    assert np.linalg.norm(force) < 0.2 * MASS_KG * G_M_S2
    assert hand.touched_by(0) == {BIN_NUMBER}


@pytest.mark.parametrize(("share", "holds"), [(0.97, False), (1.06, True)])
def test_too_heavy_is_pulled_off(share: float, holds: bool) -> None:
    """A sheet loads the cup with m (g + a) alone; its shakes peel it only a little."""
    load_n = DENSITY_KG_M3 * 0.06**2 * 0.0008 * (G_M_S2 + LIFT_M_S2)
    cup = replace(carrying(share * load_n), friction=5.0)
    outcome = in_bin((part_of(slab(60, 60, 0.8)), at(0, 0, 0.8)), cup=cup).run(from_above(lip_mm=0.8), 0.0)
    assert outcome.failure is (None if holds else PickFailure.PULLED_OFF)
    assert outcome.lifted == ((0,) if holds else ())


@pytest.mark.parametrize(("share", "holds"), [(0.97, False), (1.03, True)])
def test_the_rim_is_peeled_by_its_closed_form(share: float, holds: bool) -> None:
    """sqrt(2) W d = r (V - W) / 2 on the way up, d = 18 mm."""
    weight_n = MASS_KG * (G_M_S2 + LIFT_M_S2)
    cup = carrying(share * weight_n * (1 + 2 * np.sqrt(2) * 0.018 / CUP.radius_m))
    outcome = in_bin((PLATE, at(0, 0)), cup=cup).run(from_above(18.0), 0.0)
    assert outcome.failure is (None if holds else PickFailure.PEELED)


@pytest.mark.parametrize(("share", "holds"), [(0.95, False), (1.05, True)])
def test_a_cup_of_little_friction_loses_a_plate_that_shakes(share: float, holds: bool) -> None:
    """sqrt(3) m a = mu (V - m g), a of the shakes."""
    shake_n, weight_n = MASS_KG * SHAKE_M * (2 * np.pi * SHAKE_HZ) ** 2, MASS_KG * G_M_S2
    friction = share * np.sqrt(3) * shake_n / (CUP.force_n - weight_n)
    outcome = in_bin((PLATE, at(0, 0)), cup=replace(CUP, friction=friction)).run(from_above(), 0.0)
    assert outcome.failure is (None if holds else PickFailure.SHEARED)


def test_a_lone_part_is_judged_as_without_a_pile() -> None:
    """A wedge of 10 degrees, so that the cup leans and all of the load's components come. What gives way in the end may
    differ: here it is told what gives way first."""
    wedge = part_of(slab(80, 40, 20).trim_by_plane((np.sin(np.deg2rad(10)), 0, -np.cos(np.deg2rad(10))), 10.0))
    met = set()
    for friction in (0.02, 0.5):
        cup = replace(carrying(3.0), friction=friction)
        pile, alone = in_bin((wedge, at(0, 0, 20)), cup=cup), SuctionTrial(wedge, cup)
        for x_mm in (-37.0, -25.0, -10.0, 0.0, 10.0):
            T_object_tcp = np.diag((1.0, -1.0, -1.0, 1.0))
            T_object_tcp[:3, :3] = Rotation.from_euler("y", -10, degrees=True).as_matrix() @ T_object_tcp[:3, :3]
            T_object_tcp[:3, 3] = 1e-3 * x_mm, 0.0, 1e-3 * (-10.154 + x_mm * np.tan(np.deg2rad(10)))
            T = at(0, 0, 20) @ T_object_tcp
            there = alone.run(T_object_tcp, down_tcp=T[:3, :3].T @ DOWN)
            here = pile.run(T, 0.0)
            assert here.success is there.stable, (x_mm, friction, here.failure, there.failure)
            assert (here.failure is PickFailure.NO_SEAL) is (there.failure is SuctionFailure.NO_SEAL)
            met.add(here.failure)
    assert len(met) >= 3


def test_a_hole_under_the_lip_does_not_seal() -> None:
    outcome = in_bin((part_of(slab(60, 60, 10) - hole(4)), at(0, 0))).run(from_above(), 0.0)
    assert (outcome.failure, outcome.leak, outcome.part) == (PickFailure.NO_SEAL, Leak.HOLE, 0)


def test_a_lip_over_the_edge_does_not_seal(two_plates: CupPileTrial) -> None:
    outcome = two_plates.run(from_above(y_mm=12.0), 0.0)
    assert (outcome.failure, outcome.leak) == (PickFailure.NO_SEAL, Leak.OFF_THE_PART)


def test_nothing_beneath_is_missed(two_plates: CupPileTrial) -> None:
    outcome = two_plates.run(from_above(-80, -60, 0.0), 0.0)
    assert (outcome.failure, outcome.part, outcome.T_tcp_closed) == (PickFailure.MISSED, None, None)
    too_high = from_above(lip_mm=10.0 + 1e3 * CUP.gives_way_m + 0.5)
    assert two_plates.run(too_high, 0.0).failure is PickFailure.MISSED


def test_the_bellows_even_out_what_is_too_low_or_too_high(two_plates: CupPileTrial) -> None:
    gives_mm = 1e3 * CUP.gives_way_m
    for lip_mm in (10.5 - gives_mm, 9.5 + gives_mm):
        assert two_plates.run(from_above(lip_mm=lip_mm), 0.0).success
    outcome = two_plates.run(from_above(lip_mm=9.2 - gives_mm), 0.0)
    assert (outcome.failure, outcome.hit) == (PickFailure.HITS_PART, 0)


def test_a_neighbour_under_part_of_the_lip_breaks_the_seal() -> None:
    trial = in_bin((PLATE, at(0, 0)), (PLATE, at(0, 40.2)))
    for part in (None, 0):
        outcome = trial.run(from_above(y_mm=14.0), 0.0, part)
        assert outcome.failure is PickFailure.ON_NEIGHBOUR
        assert {outcome.part, outcome.hit} == {0, 1}
    assert (outcome.part, outcome.hit) == (0, 1)
    assert trial.run(from_above(y_mm=9.0), 0.0).success


def test_a_thin_neighbour_on_the_part_breaks_the_seal_as_well() -> None:
    shim = part_of(slab(20, 20, 1))
    outcome = in_bin((PLATE, at(0, 0)), (shim, at(14, 0, 11.0))).run(from_above(), 0.0, part=0)
    assert (outcome.failure, outcome.part, outcome.hit) == (PickFailure.ON_NEIGHBOUR, 0, 1)


def test_a_cup_beside_the_wall_hits_the_bin() -> None:
    """Its holder, 3 cm to either side, comes down to 12 cm above the floor."""
    edge = 1e3 * BIN[0] / 2
    parts = [(PLATE, at(edge - 42, 0))]
    for x_mm, height_m, failure in ((45, 0.3, None), (29.4, 0.3, PickFailure.HITS_BIN), (29.4, 0.1, None)):
        outcome = CupPileTrial(parts, (*BIN[:2], height_m), CUP).run(from_above(edge - x_mm), 0.0)
        assert outcome.failure is failure, (x_mm, height_m)


def test_a_part_that_shakes_into_a_high_wall_is_lost() -> None:
    parts = [(PLATE, at(1e3 * BIN[0] / 2 - 31, 0))]
    for height_m, failure in ((0.3, PickFailure.SHEARED), (0.1, None)):
        trial = CupPileTrial(parts, (*BIN[:2], height_m), replace(CUP, holder_size_m=(0.02, 0.02, 0.02)))
        assert trial.run(from_above(1e3 * BIN[0] / 2 - 31), 0.0).failure is failure


def test_a_high_neighbour_is_in_the_way() -> None:
    tower = part_of(slab(20, 20, 130))
    trial = in_bin((PLATE, at(0, 0)), (tower, at(41, 0, 130)))
    outcome = trial.run(from_above(15.0), 0.0)
    assert (outcome.failure, outcome.part, outcome.hit) == (PickFailure.HITS_NEIGHBOUR, 0, 1)
    assert trial.run(from_above(-5.0), 0.0).success


def test_a_small_part_that_lies_on_the_other_comes_along() -> None:
    small = part_of(slab(8, 20, 4))
    outcome = in_bin((PLATE, at(0, 0)), (small, at(-22, 0, 14))).run(from_above(2.0), 0.0)
    assert (outcome.failure, outcome.lifted, outcome.part) == (PickFailure.SEVERAL, (0, 1), 0)


def test_a_heavy_part_on_the_other_is_too_much() -> None:
    """The plate alone would be lifted by a sixth of this force."""
    block = part_of(slab(40, 40, 100))
    parts = ((part_of(slab(120, 40, 10)), at(0, 0)), (block, at(40, 0, 110)))
    weights_n = [DENSITY_KG_M3 * volume * G_M_S2 for volume in (0.12 * 0.04 * 0.01, 0.04 * 0.04 * 0.1)]
    cup = replace(carrying(weights_n[0] + 0.8 * weights_n[1]), holder_size_m=(0.02, 0.02, 0.02))
    outcome = in_bin(*parts, cup=cup).run(from_above(), 0.0)
    assert outcome.failure in (PickFailure.PEELED, PickFailure.PULLED_OFF)
    assert in_bin(parts[0], cup=cup).run(from_above(), 0.0).success


def test_another_part_than_the_one_meant(two_plates: CupPileTrial) -> None:
    assert two_plates.run(from_above(), 0.0, part=0).success
    outcome = two_plates.run(from_above(), 0.0, part=1)
    assert (outcome.failure, outcome.part) == (PickFailure.WRONG_PART, 0)


def test_the_order_of_trials_does_not_matter(two_plates: CupPileTrial) -> None:
    second = from_above(100, 50)
    first = two_plates.run(second, 0.0)
    for T in (from_above(), from_above(y_mm=12.0), from_above(-80, -60, 0.0), second):
        two_plates.run(T, 0.0)
    fresh = in_bin((PLATE, at(0, 0)), (PLATE, at(100, 50, turned_deg=90)))
    for again in (two_plates.run(second, 0.0), fresh.run(second, 0.0)):
        assert again.success
        np.testing.assert_array_equal(again.T_tcp_held, first.T_tcp_held)


def test_where_physics_diverged_nothing_is_said(two_plates: CupPileTrial, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PileCup, "is_finite", property(lambda hand: False))
    outcome = two_plates.run(from_above(), 0.0)
    assert (outcome.failure, outcome.success) == (PickFailure.DIVERGED, None)


def test_an_empty_bin_can_be_tried_in() -> None:
    assert in_bin().run(from_above(lip_mm=0.0), 0.0).failure is PickFailure.MISSED


def test_impossible_grasps_are_named(two_plates: CupPileTrial) -> None:
    with pytest.raises(GripperError, match="wider than suction opens"):
        two_plates.run(from_above(), 0.01)
    with pytest.raises(ConfigError, match="none of the 2 parts"):
        two_plates.run(from_above(), 0.0, part=2)
    with pytest.raises(GripperError, match="name a cup"):
        CupPileTrial([], BIN, load_gripper("jaw"))
