"""Cohen's kappa by hand, and a few grasps from end to end."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("mujoco")

from srclib_ros.grasping.gripper import load_gripper
from srclib_ros.simulation.agreement import Trials, agreement, agreements, try_grasps
from srclib_ros.simulation.parts import generate_parts


def test_kappa_by_hand() -> None:
    """Both yes 4, both no 3, one each way 1 and 2: .7 alike, by chance .5 * .6 + .5 * .4 = .5."""
    first = np.array([1, 1, 1, 1, 1, 0, 0, 0, 0, 0], bool)
    second = np.array([1, 1, 1, 1, 0, 1, 1, 0, 0, 0], bool)
    found = agreement(first, second)
    assert (found.grasps, found.kept) == (10, 1.0)
    assert found.same == pytest.approx(0.7)
    assert found.kappa == pytest.approx(0.4)


def test_what_says_the_same_of_all_has_no_kappa() -> None:
    everything = np.ones(3, bool)
    assert agreement(everything, everything).kappa is None
    assert agreement(everything, everything, ~everything).grasps == 0


def test_only_unanimous_grasps_are_kept() -> None:
    trials = Trials([1.0, 0.5, 0.0, 0.9], *([[True, False, False, True]] * 6))
    found = agreements(trials)
    assert (found["engines, unanimous"].grasps, found["engines, unanimous"].kept) == (2, 0.5)
    assert found["engines"].kappa == pytest.approx(1.0)


def test_grasps_of_one_part_are_tried_in_every_way(rng: np.random.Generator) -> None:
    pytest.importorskip("pybullet")
    (part,) = [part for part in generate_parts() if part.name == "l_bracket_60x40"]
    trials = Trials()
    assert try_grasps(part, load_gripper("jaw"), 3, rng, trials) == 3
    for told in vars(trials).values():
        assert len(told) == 3
