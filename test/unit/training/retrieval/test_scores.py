"""Figures from distance matrices that are worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from srclib_ros.training.retrieval.scores import (
    category_found,
    found,
    grouped,
    identity,
    interval,
    ranks,
    suitability,
)

DISTANCE = np.float32([[0.1, 0.2, 0.3], [0.2, 0.1, 0.1], [0.3, 0.2, 0.1]])
ALONE = np.array([0, 1, 2])


def test_a_tie_is_not_found() -> None:
    np.testing.assert_array_equal(ranks(DISTANCE, np.array([0, 1, 2])), [0, 1, 0])
    np.testing.assert_array_equal(ranks(DISTANCE, np.array([2, 0, 0])), [2, 2, 2])


def test_top_one_and_five() -> None:
    figures = found(DISTANCE, np.array([0, 1, 2]), ALONE, 0)
    assert (figures["top1"], figures["top5"], figures["merged"]["top1"]) == (2 / 3, 1.0, 2 / 3)


def test_a_tie_with_a_merged_twin_is_found() -> None:
    assert found(DISTANCE, np.array([0, 1, 2]), np.array([0, 1, 1]), 0)["merged"]["top1"] == 1.0


def test_a_group_lies_as_near_as_its_nearest_member() -> None:
    nearest = grouped(DISTANCE, np.array([1, 0, 1]))
    np.testing.assert_allclose(nearest, [[0.2, 0.1], [0.1, 0.1], [0.2, 0.1]])


def test_merging_never_loses_what_was_found(rng: np.random.Generator) -> None:
    distance = rng.random((50, 8)).astype(np.float32)
    truth, group = rng.integers(8, size=50), np.array([0, 1, 1, 2, 3, 3, 3, 0])
    figures = found(distance, truth, group, 0)
    assert figures["merged"]["top1"] >= figures["top1"]


def test_the_interval_draws_parts_and_not_queries() -> None:
    """Two parts, one always found and one never: a draw gives 0, 1/2 or 1, each often enough to reach the ends."""
    part = np.repeat([3, 7], 500)
    assert interval(part == 3, part, 0) == [0.0, 1.0]
    assert interval(np.ones(1000, bool), part, 0) == [1.0, 1.0]
    even = np.tile([True, False], 500)
    assert interval(even, part, 0) == [0.5, 0.5]


def test_a_category_is_found_when_the_nearest_other_part_is_of_it() -> None:
    """a: parts 0 and 1, b: parts 2 and 3, part 4 alone in c: neither asked for nor in the way."""
    categories = ["a", "a", "b", "b", "c"]
    distance = np.float32(
        [
            [0.0, 0.2, 0.3, 0.4, 0.1],  # 0: nearest other is 1: found
            [0.5, 0.0, 0.3, 0.6, 0.1],  # 1: nearest other is 2: not
            [0.2, 0.4, 0.0, 0.2, 0.1],  # 2: a and b tie: not
            [0.2, 0.4, 0.1, 0.0, 0.1],  # 3: nearest other is 2: found
            [0.1, 0.1, 0.1, 0.1, 0.0],
        ]
    )
    figures = category_found(distance, np.arange(5), categories, 0)
    assert figures is not None
    assert (figures["top1"], figures["queries"], figures["parts"], figures["categories"]) == (0.5, 4, 4, 2)


@pytest.mark.parametrize("categories", [["", "", ""], ["a", "b", "c"], ["a", "", ""]])
def test_without_a_category_of_two_there_are_no_such_figures(categories: list[str]) -> None:
    assert category_found(DISTANCE, ALONE, categories, 0) is None
    assert suitability(DISTANCE, ALONE, categories, 0) is None


def test_identity_of_queries_that_lie_on_their_own_entry() -> None:
    distance = (1.0 - np.eye(6)).astype(np.float32)
    assert identity(distance, np.arange(6), 0) == {"auroc": 1.0, "auroc_sd": 0.0}
    assert identity(np.ones((6, 6), np.float32), np.arange(6), 0)["auroc"] == 0.5


def test_suitability_sets_siblings_against_strangers() -> None:
    """Siblings lie 0.2 apart and strangers 0.6, but for part 3, which lies 0.1 from a stranger. With itself left out
    a part's nearest is a sibling; with its category left out, the nearest stranger: .6, .6, .1 and .1."""
    distance = np.full((4, 4), 0.6, np.float32)
    distance[:2, :2] = distance[2:, 2:] = 0.2
    distance[3, 0] = distance[2, 0] = 0.1
    figures = suitability(distance, np.arange(4), ["a", "a", "b", "b"], 0)
    assert figures is not None
    # positives -.2 -.2 -.1 -.1 (a stranger is the nearest that stays), negatives -.6 -.6 -.1 -.1
    assert figures["auroc"] == pytest.approx((2 * 2 + 2 * 3) / 16)
    low, high = figures["auroc_ci95"]
    assert low <= figures["auroc"] <= high
    assert (figures["positives"], figures["negatives"]) == (4, 4)


def test_one_category_alone_cannot_be_left_out() -> None:
    assert suitability(DISTANCE, ALONE, ["a", "a", "a"], 0) is None
