"""Grasps whose outcome can be worked out by hand, in MuJoCo and in the second engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import manifold3d as m3
import numpy as np
import pytest

pytest.importorskip("mujoco")

from srclib_ros.geometry.mesh import PartMesh, centred
from srclib_ros.grasping.gripper import Gripper, load_gripper
from srclib_ros.simulation.bullet_hand import BulletHand
from srclib_ros.simulation.hand import Hand
from srclib_ros.simulation.jaw import PAD_SPHERE_M, PAD_TORSION_M
from srclib_ros.simulation.motion import LIFT_M, LIFT_S
from srclib_ros.simulation.mujoco_bodies import DENSITY_KG_M3
from srclib_ros.simulation.trial import G_M_S2, GraspTrial, TrialFailure
from srclib_ros.types import Matrix

JAW = load_gripper("jaw")
LIFT_M_S2 = LIFT_M / LIFT_S**2 * 10.0 / np.sqrt(3.0)  # the most that a minimum jerk needs


TrialOf = Callable[..., GraspTrial]


@pytest.fixture(params=[Hand, BulletHand], ids=["mujoco", "bullet"])
def trial_of(request: pytest.FixtureRequest) -> TrialOf:
    if request.param is BulletHand:
        pytest.importorskip("pybullet")

    def of(part: PartMesh, gripper: Gripper = JAW, density_kg_m3: float = DENSITY_KG_M3) -> GraspTrial:
        return GraspTrial(part, gripper, density_kg_m3, request.param)

    return of


def part_of(solid: m3.Manifold) -> PartMesh:
    """solid: in millimetres."""
    mesh = solid.to_mesh64()
    return centred("part", "", np.asarray(mesh.vert_properties)[:, :3] * 1e-3, np.asarray(mesh.tri_verts, np.int64))


def block(x_mm: float, y_mm: float, z_mm: float) -> PartMesh:
    return part_of(m3.Manifold.cube((x_mm, y_mm, z_mm), True))


def tcp(x_mm: float = 0.0, z_mm: float = 10.0, yaw_deg: float = 0.0) -> Matrix:
    """In the object's axes; the pads' middle lies 10 mm before the TCP."""
    c, s = np.cos(np.deg2rad(yaw_deg)), np.sin(np.deg2rad(yaw_deg))
    T = np.eye(4)
    T[:2, :2] = (c, -s), (s, c)
    T[0, 3], T[2, 3] = 1e-3 * x_mm, 1e-3 * z_mm
    return T


def with_force(force_n: float) -> Gripper:
    return replace(JAW, force_n=force_n)


@pytest.mark.parametrize(
    ("part", "width_mm"),
    [
        (block(30, 30, 30), 30),
        (block(40, 6, 40), 6),
        (part_of(m3.Manifold.cylinder(40, 12, 12, 96, True).rotate((90, 0, 0))), 40),
        (block(30, 60, 24), 60),
        (part_of(m3.Manifold.sphere(15, 96)), 30),
    ],
    ids=["cube", "upright plate", "cylinder by its ends", "block", "sphere"],
)
@pytest.mark.parametrize("density_kg_m3", [900.0, 7800.0])
def test_twice_friction_times_force_carries_the_weight(
    trial_of: TrialOf, part: PartMesh, width_mm: float, density_kg_m3: float
) -> None:
    """2 mu F = m (g + a): a little less slips, a little more holds."""
    mass_kg = trial_of(part, JAW, density_kg_m3).part_mass_kg
    limit_n = mass_kg * (G_M_S2 + LIFT_M_S2) / (2.0 * JAW.friction)
    weak, strong = (trial_of(part, with_force(share * limit_n), density_kg_m3) for share in (0.95, 1.08))
    assert not weak.run(tcp(), 1e-3 * width_mm).stable
    assert strong.run(tcp(), 1e-3 * width_mm).stable


@pytest.mark.parametrize(("share", "stable"), [(0.4, True), (0.7, True), (1.5, False), (2.5, False)])
def test_the_pads_resist_turning_as_their_spheres_do(trial_of: TrialOf, share: float, stable: bool) -> None:
    """A bar held beside its centre of mass: m (g + a) d against 2 mu F (mean radius of the spheres + their torsion)."""
    bar = block(120, 20, 24)
    mass_kg = trial_of(bar, JAW).part_mass_kg
    x, z = ((length / 2.0 - PAD_SPHERE_M) * np.array((-1, 0, 1)) for length in (JAW.finger_width_m, JAW.pad_height_m))
    radius_m = np.hypot(*np.meshgrid(x, z)).mean() + PAD_TORSION_M
    arm_m = 0.030
    force_n = mass_kg * (G_M_S2 + LIFT_M_S2) * arm_m / (2.0 * JAW.friction * radius_m) / share
    outcome = trial_of(bar, with_force(force_n)).run(tcp(x_mm=30.0), 0.020)
    assert outcome.stable is stable
    if not stable:
        assert outcome.failure in (TrialFailure.TURNED, TrialFailure.SLIPPED, TrialFailure.DROPPED)


@pytest.mark.parametrize(("half_angle_deg", "holds"), [(10.0, True), (20.0, True), (33.0, False), (40.0, False)])
def test_a_wedge_holds_within_the_friction_cone(trial_of: TrialOf, half_angle_deg: float, holds: bool) -> None:
    """Faces that open away from the palm squeeze the part out of the fingertips from atan(mu) = 26.6 degrees on."""
    slope = np.tan(np.deg2rad(half_angle_deg))
    wide, narrow = 15.0 + 12.0 * slope, 15.0 - 12.0 * slope
    section = m3.CrossSection([[(-wide, 12.0), (-narrow, -12.0), (narrow, -12.0), (wide, 12.0)]])
    wedge = part_of(m3.Manifold.extrude(section, 30.0).rotate((90, 0, 90)))
    outcome = trial_of(wedge, JAW, 900.0).run(tcp(z_mm=0.0), 0.030)
    assert outcome.stable is holds, outcome.failure


@pytest.mark.parametrize("yaw_deg", [15.0, 21.0])
def test_a_yawed_cube_is_turned_and_holds(trial_of: TrialOf, yaw_deg: float) -> None:
    outcome = trial_of(block(30, 30, 30), JAW).run(tcp(yaw_deg=yaw_deg), 0.042)
    assert outcome.stable
    turned = np.rad2deg(np.arctan2(outcome.T_tcp_closed[1, 0], outcome.T_tcp_closed[0, 0]))
    assert abs(turned) < 5.0


def test_a_hand_that_starts_in_the_part_is_refused(trial_of: TrialOf) -> None:
    cube = block(30, 30, 30)
    trial = trial_of(cube, JAW)
    assert trial.run(tcp(), 0.020).failure is TrialFailure.STARTS_INSIDE  # opens to 26 mm
    assert trial.run(tcp(), 0.026).stable  # to 32 mm
    deep = tcp(z_mm=JAW.finger_depth_m * 1e3 - 10.0)
    assert trial.run(deep, 0.030).failure is TrialFailure.STARTS_INSIDE  # the palm


def test_fingers_that_close_on_nothing_miss(trial_of: TrialOf) -> None:
    assert trial_of(block(30, 30, 30), JAW).run(tcp(z_mm=-20.0), 0.030).failure is TrialFailure.MISSED


def test_a_ring_is_held_outside_on_its_rim_and_through_its_hole(trial_of: TrialOf) -> None:
    ring = part_of(m3.Manifold.cylinder(12, 30, 30, 96, True) - m3.Manifold.cylinder(20, 20, 20, 96, True))
    trial = trial_of(ring, JAW)
    assert trial.run(tcp(z_mm=5.0), 0.060).stable
    across_the_rim = tcp(z_mm=5.0)
    across_the_rim[1, 3] = 0.025
    assert trial.run(across_the_rim, 0.010).stable
    lying = np.eye(4)  # the approach along the ring's x, fingers on its flat faces, one of them in front of the hole
    lying[:3, :3] = np.array([(0, 0, 1), (1, 0, 0), (0, 1, 0)], float)
    lying[:3, 3] = -0.020, 0.0, 0.0
    assert trial.run(lying, 0.012).stable


def test_light_and_thin_parts_do_not_tunnel() -> None:
    cube = GraspTrial(block(9, 9, 9), with_force(60.0)).run(tcp(z_mm=4.0), 0.009)
    assert cube.stable
    plate = GraspTrial(block(30, 1, 12), with_force(60.0)).run(tcp(z_mm=6.0), 0.001)
    assert plate.stable
    assert abs(plate.T_tcp_held[1, 3]) < 0.0005


def test_trials_repeat_bit_by_bit() -> None:
    trial = GraspTrial(block(30, 20, 24), JAW)
    first, second = (trial.run(tcp(x_mm=5.0), 0.020) for _ in range(2))
    np.testing.assert_array_equal(first.T_tcp_held, second.T_tcp_held)
    again = GraspTrial(block(30, 20, 24), JAW).run(tcp(x_mm=5.0), 0.020)
    np.testing.assert_array_equal(first.T_tcp_held, again.T_tcp_held)


def test_quality_is_the_share_of_stable_trials(rng: np.random.Generator) -> None:
    trial = GraspTrial(block(30, 30, 30), JAW)
    quality, outcomes = trial.quality(tcp(), 0.030, rng, repeats=4)
    assert quality == 1.0
    assert len({outcome.slip_m for outcome in outcomes}) == 4
    assert trial.quality(tcp(z_mm=-20.0), 0.030, rng, repeats=2)[0] == 0.0
