"""Candidates that physics vouches for: those that hold stay, with what the trials say of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("mujoco")

from support.grasp_parts import boxes

from srclib_ros.geometry.inertia import DENSITY_KG_M3
from srclib_ros.grasping.gripper import as_jaw, load_gripper
from srclib_ros.grasping.object_model import describe, load_object, save_object
from srclib_ros.simulation.trial import G_M_S2
from srclib_ros.training.candidate_trials import LEAST, candidates_that_hold

JAW = as_jaw(load_gripper("jaw"), "this test")
BAR = boxes(((0, 0, 0), (0.10, 0.02, 0.02)))
IDENTITY = np.eye(4)[None]


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("srclib_ros.training.candidate_trials.TRIED", 10)


def test_a_strong_hand_holds_a_bar_and_moves_it_little() -> None:
    found = candidates_that_hold(BAR, JAW, np.random.default_rng(0), 6, IDENTITY)
    assert 0 < len(found) <= 6
    assert found.moved_in_hand.shape == (len(found), 2)
    assert (found.quality >= LEAST).all()
    assert np.all(np.diff(found.quality) <= 0.0)
    assert np.median(found.moved_in_hand[:, 0]) < 0.002


def test_a_hand_too_weak_for_the_weight_has_no_candidate() -> None:
    least_n = DENSITY_KG_M3 * 0.10 * 0.02 * 0.02 * G_M_S2 / (2.0 * JAW.friction)
    found = candidates_that_hold(BAR, replace(JAW, force_n=0.5 * least_n), np.random.default_rng(0), 6, IDENTITY)
    assert len(found) == 0
    assert found.moved_in_hand.shape == (0, 2)


def test_the_same_seed_gives_the_same_and_it_is_kept_on_disk(tmp_path) -> None:  # type: ignore[no-untyped-def]
    one, two = (describe(BAR, JAW, np.random.default_rng(4), 5, candidates_that_hold) for _ in range(2))
    np.testing.assert_array_equal(one.candidates.T_object_tcp, two.candidates.T_object_tcp)
    np.testing.assert_array_equal(one.candidates.quality, two.candidates.quality)
    save_object(tmp_path, one)
    kept = load_object(tmp_path / "object.safetensors", "bar", "", BAR.diameter_m, "jaw")
    np.testing.assert_array_equal(kept.candidates.moved_in_hand, one.candidates.moved_in_hand)


def test_a_cup_is_tried_as_a_jaw_is() -> None:
    plate = boxes(((0, 0, 0), (0.08, 0.06, 0.006)))
    found = candidates_that_hold(plate, load_gripper("suction"), np.random.default_rng(0), 6, IDENTITY)
    assert len(found)
    assert not found.moved_in_hand.any()


def test_one_that_fails_first_and_mostly_holds_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    from types import SimpleNamespace

    from srclib_ros.training import candidate_trials

    told = iter([False, False, True, True, True, True, True] + [False] * 4)
    outcomes = (SimpleNamespace(stable=stable, moved_in_hand=(0.001, 0.1)) for stable in told)
    trial = SimpleNamespace(run=lambda T, width_m: next(outcomes))
    rng = np.random.default_rng(0)
    assert candidate_trials._tried(trial, np.eye(4), 0.02, rng) == (pytest.approx(5 / 7), (0.001, 0.1))  # type: ignore[arg-type]
    assert candidate_trials._tried(trial, np.eye(4), 0.02, rng) == (0.0, (0.0, 0.0))  # type: ignore[arg-type]
    assert next(told, None) is None
