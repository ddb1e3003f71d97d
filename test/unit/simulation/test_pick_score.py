"""Figures over scenes, by hand."""

from __future__ import annotations

import pytest

from srclib_ros.simulation.pick_score import failures, precision_at, success, success_interval
from srclib_ros.simulation.pile_trial import PickFailure, PickOutcome

YES, NO, NOTHING = (PickOutcome(why) for why in (None, PickFailure.DROPPED, PickFailure.DIVERGED))


def test_every_grasp_counts_alike_in_success() -> None:
    assert success([[YES, YES, NO], [NO], []]) == 0.5
    assert success([[YES, NOTHING], [NOTHING]]) == 1.0
    assert success([[], [NOTHING]]) is None


def test_every_scene_counts_alike_in_precision() -> None:
    tried = [[YES, NO], [NO, YES, YES, YES], []]
    assert precision_at(tried, 1) == pytest.approx(1.0 / 3.0)
    assert precision_at(tried, 3) == pytest.approx((0.5 + 2.0 / 3.0 + 0.0) / 3.0)


def test_a_scene_of_which_physics_said_nothing_is_left_out() -> None:
    assert precision_at([[NOTHING, YES], [YES]], 1) == 1.0
    assert precision_at([[NOTHING, NO], [YES]], 2) == 0.5
    assert precision_at([[NOTHING]], 1) is None
    assert precision_at([], 1) is None


def test_reasons_are_counted_most_often_first() -> None:
    turned = PickOutcome(PickFailure.TURNED)
    assert list(failures([[turned, NO], [YES, NO]]).items()) == [(PickFailure.DROPPED, 2), (PickFailure.TURNED, 1)]


def test_the_interval_draws_whole_scenes() -> None:
    assert success_interval([[YES] * 4, [NO] * 4], 0) == (0.0, 1.0)
    assert success_interval([[YES, NO]] * 3, 0) == (0.5, 0.5)
    assert success_interval([[YES], []], 0) is None
