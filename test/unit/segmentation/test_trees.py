"""Boosted trees by hand, and what is refused of stored ones."""

from __future__ import annotations

import numpy as np
import pytest

from srclib_ros.segmentation.trees import BoostedTrees

ONE_TREE = BoostedTrees(
    feature=np.int32([[2, 0, 0]]),
    threshold=np.float32([[0.5, 0.0, 0.0]]),
    left=np.int32([[1, 1, 2]]),
    right=np.int32([[2, 1, 2]]),
    value=np.float32([[0.0, -1.0, 2.0]]),
    start=0.5,
)


def test_one_tree_by_hand() -> None:
    """Left of 0.5 in the third feature: -1; right of it: +2; the start is 0.5."""
    rows = np.zeros((3, 4), np.float32)
    rows[:, 2] = 0.2, 0.5, 0.7
    probability = ONE_TREE.probability(rows)
    np.testing.assert_allclose(np.log(probability / (1.0 - probability)), [-0.5, -0.5, 2.5], atol=1e-5)
    assert ONE_TREE.probability(rows[:0]).shape == (0,)


def test_trees_are_read_as_they_were_stored() -> None:
    names = ("a", "b", "c")
    read = BoostedTrees.read(ONE_TREE.stored("x", names), "x", names)
    np.testing.assert_array_equal(read.threshold, ONE_TREE.threshold)
    assert read.start == 0.5
    with pytest.raises(ValueError, match="other features"):
        BoostedTrees.read(ONE_TREE.stored("x", names), "x", ("a", "b", "d"))
    with pytest.raises(ValueError, match="do not fit"):
        BoostedTrees.read(ONE_TREE.stored("x", ("a", "b")), "x", ("a", "b"))


@pytest.mark.parametrize(
    ("field", "worse"),
    [
        ("feature", np.full((1, 3), 99, np.int32)),
        ("feature", np.zeros((1, 3), np.float32)),
        ("left", np.full((1, 3), 1000, np.int32)),
        ("left", np.zeros((1, 3), np.int32)),
        ("threshold", np.zeros((1, 3), bool)),
        ("value", np.zeros((1, 2), np.float32)),
        ("value", np.full((1, 3), np.nan, np.float32)),
        ("value", np.full((1, 3), 3e38, np.float32)),
        ("start", np.float32([np.inf])),
        ("features", np.zeros(32, np.uint8)),
        ("features", np.array(1 << 40)),
    ],
)
def test_crafted_trees_are_refused(field: str, worse: np.ndarray) -> None:
    names = ("a", "b", "c")
    with pytest.raises(ValueError, match=r"fit|other features"):
        BoostedTrees.read(ONE_TREE.stored("x", names) | {f"x.{field}": worse}, "x", names)
