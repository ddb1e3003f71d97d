"""Each limit of the ring contact by its closed form."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from srclib_ros.grasping.gripper import as_cup, load_gripper
from srclib_ros.grasping.suction.wrench import (
    AMPLE,
    GRAVITY_M_S2,
    LIFT_M_S2,
    LIMITS,
    SHAKE_M_S2,
    Limit,
    accelerations,
    gives_way,
    load,
    margins,
    wrench_quality,
)  # fmt: skip

CUP = as_cup(load_gripper("suction"), "this test")
V, R, MU = CUP.force_n, CUP.radius_m, CUP.friction
NOTHING = np.zeros(3)


def weakest(force: np.ndarray, moment: np.ndarray) -> tuple[Limit, float]:
    found = margins(CUP, force, moment)
    return LIMITS[int(np.argmin(found))], float(found.min())


def test_the_suction_is_pressure_times_area() -> None:
    assert pytest.approx(60_000 * np.pi * 0.01**2) == V


@pytest.mark.parametrize(("share", "holds"), [(0.97, True), (1.06, False)])
@pytest.mark.parametrize(
    ("limit", "force", "moment"),
    [
        (Limit.PULL, (0, 0, V), NOTHING),
        (Limit.SHEAR, (MU * V / np.sqrt(3), 0, 0), NOTHING),
        (Limit.TWIST, NOTHING, (0, 0, R * MU * V / np.sqrt(3))),
        (Limit.PEEL, NOTHING, (0, R * V / 2 / np.sqrt(2), 0)),
    ],
)
def test_each_limit_alone(limit: Limit, force: np.ndarray, moment: np.ndarray, share: float, holds: bool) -> None:
    found, margin = weakest(share * np.asarray(force, float), share * np.asarray(moment, float))
    assert found is limit
    assert (margin >= 1) is holds
    assert margin == pytest.approx(1 / share)


def test_the_pull_is_named_before_what_fails_with_it() -> None:
    assert gives_way(np.array([[1.2, 1.1, np.inf, 1.0], [3.0, 2.0, 9.0, 1.5]])) is None
    assert gives_way(np.array([[1.2, 0.9, 2.0, 1.1], [3.0, 2.0, 9.0, 0.8]])) is Limit.PEEL
    assert gives_way(np.array([0.95, 0.2, 0.9, 0.1])) is Limit.PULL


def test_what_pulls_leaves_less_to_press_the_lip_on() -> None:
    """sqrt(3) F = mu (V - F_z): solved for how many times the load."""
    force = np.array((1.0, 0.0, 2.0))
    s = weakest(force, NOTHING)[1]
    assert np.sqrt(3) * s * 1.0 == pytest.approx(MU * (V - s * 2.0))
    assert weakest(force - (0, 0, 4.0), NOTHING)[1] > s


def test_a_load_that_presses_alone_never_gives_way() -> None:
    assert np.isinf(margins(CUP, np.array((0, 0, -1.0)), NOTHING)).all()


def test_margins_are_for_many_at_once_and_scale_inversely() -> None:
    rng = np.random.default_rng(0)
    force, moment = rng.normal(size=(2, 5, 4, 3))
    force[..., 2] = np.abs(force[..., 2])
    moment *= 0.01
    one = margins(CUP, force, moment)
    assert one.shape == (5, 4, 4)
    np.testing.assert_allclose(margins(CUP, 2 * force, 2 * moment), one / 2)
    np.testing.assert_allclose(margins(replace(CUP, vacuum_pa=2 * CUP.vacuum_pa), force, moment), 2 * one)


def test_the_load_is_taken_about_the_lip() -> None:
    force, moment = load(0.5, np.array((0.03, 0, 0.01)), np.array((0, 0, 10.0)))
    np.testing.assert_allclose(force, (0, 0, 5.0))
    np.testing.assert_allclose(moment, (0, -0.15, 0))


@pytest.mark.parametrize("down", [(0, 0, -1), (1, 0, 0), (0.6, 0, 0.8)])
def test_lift_and_shakes(down: tuple[float, float, float]) -> None:
    found = accelerations(np.array(down))
    assert found.shape == (5, 3)
    np.testing.assert_allclose(found[0], LIFT_M_S2 * np.array(down))
    np.testing.assert_allclose(np.linalg.norm(found[1:], axis=1), np.hypot(GRAVITY_M_S2, SHAKE_M_S2))
    np.testing.assert_allclose(found[1:].mean(axis=0), GRAVITY_M_S2 * np.array(down), atol=1e-12)


def test_quality_from_the_margin() -> None:
    np.testing.assert_allclose(wrench_quality(np.array((0.0, 1.0, 2.0, AMPLE, np.inf))), (0, 0, 2 / 3, 1, 1))
