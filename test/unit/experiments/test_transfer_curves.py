"""Curves by hand."""

from __future__ import annotations

import pytest

from srclib_ros.experiments.transfer.curves import at, final, reached, step_ratio
from srclib_ros.training.true_gain import area

SCRATCH = [[10, 0.0], [20, 0.4], [30, 0.8], [40, 0.8], [50, 0.8], [60, 0.8]]
WARM = [[0, 0.4], [10, 0.8], [20, 0.8], [30, 0.8], [40, 0.8], [50, 0.8], [60, 0.8]]
NEVER = [[0, 0.1], [10, 0.1], [20, 0.1], [30, 0.1], [40, 0.1], [50, 0.1], [60, 0.1]]


def test_area_begins_at_nothing():
    assert area(WARM) == pytest.approx((0.6 * 10 + 0.8 * 50) / 60)
    assert area(SCRATCH) == pytest.approx((0.0 + 2.0 + 6.0 + 8.0 * 3) / 60)


def test_precision_at_a_share_of_the_budget_and_in_the_end():
    assert at(SCRATCH, 0.0) == 0.0
    assert at(SCRATCH, 1 / 3) == 0.4
    assert at(SCRATCH, 0.35) == 0.8
    assert final(SCRATCH) == 0.8


def test_one_lucky_look_does_not_count_as_reached():
    assert reached([[10, 0.0], [20, 0.9], [30, 0.0], [40, 0.9], [50, 0.9]], 0.8) == 30
    assert reached([[10, 0.9], [20, 0.0], [30, 0.0], [40, 0.9], [50, 0.9]], 0.8) == 40
    assert reached(NEVER, 0.5) is None


def test_step_ratio():
    assert step_ratio(WARM, SCRATCH) == 30 / 10
    assert step_ratio([[0, 0.8], *WARM[1:]], SCRATCH) == 30 / 10
    assert step_ratio(NEVER, SCRATCH) == 0.0
    assert step_ratio(SCRATCH, SCRATCH) == 1.0
