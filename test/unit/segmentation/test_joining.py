"""Trees that join pieces and judge segments: read back as they were trained, and every bad file refused by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from srclib_ros.artifact import read_tensors, write_tensors
from srclib_ros.errors import ArtifactDamagedError, ArtifactMissingError
from srclib_ros.segmentation.completeness import FEATURES as SEGMENT_FEATURES
from srclib_ros.segmentation.completeness import segment_features
from srclib_ros.segmentation.joining import SHIPPED, PieceJoiner, joined, open_joiner
from srclib_ros.segmentation.pieces import FEATURES, Pairs
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


def test_chains_of_likely_pairs_become_one_label() -> None:
    pairs = Pairs(np.array([[2, 1], [3, 2], [4, 5]]), np.zeros((3, len(FEATURES)), np.float32))
    parts = joined(pairs, np.float32([0.9, 0.5, 0.4]), 0.5, 6)
    assert parts.names.tolist() == [0, 1, 1, 1, 2, 3]
    np.testing.assert_allclose(parts.doubt, [0.0, 0.0, 0.4, 0.4])
    apart = joined(pairs, np.float32([0.1, 0.3, 0.2]), 0.5, 6)
    assert apart.names.tolist() == [0, 1, 2, 3, 4, 5]
    np.testing.assert_allclose(apart.doubt, [0.0, 0.1, 0.3, 0.3, 0.2, 0.2])


def test_what_a_chain_joined_is_no_doubt() -> None:
    """1 and 3 are held apart by themselves, and joined through 2."""
    pairs = Pairs(np.array([[2, 1], [3, 2], [3, 1]]), np.zeros((3, len(FEATURES)), np.float32))
    assert joined(pairs, np.float32([0.9, 0.9, 0.3]), 0.5, 4).doubt.tolist() == [0.0, 0.0]


def test_features_of_a_square_by_hand() -> None:
    """10 x 10 pixels of 1 mm, level, 50 mm above the floor, beside nothing."""
    labels = np.zeros((20, 20), np.int32)
    labels[5:15, 5:15] = 1
    v, u = np.mgrid[:20, :20].astype(np.float32)
    points = np.stack([1e-3 * u, 1e-3 * v, np.full_like(u, 0.05)])
    normals = np.zeros_like(points)
    normals[2] = 1.0
    (row,) = segment_features(labels, points, normals, np.float32([0.25]))
    found = dict(zip(SEGMENT_FEATURES, row.tolist(), strict=True))
    assert found["outline"] == pytest.approx(40 / 10)
    assert found["pixels"] == pytest.approx(np.log(100))
    assert found["doubt"] == 0.25
    assert found["flat"] < 0.01
    assert found["round"] == pytest.approx(1.0)
    side_m = np.sqrt((10**2 - 1) / 12) * 1e-3
    assert found["low"] == pytest.approx(0.05 / (np.sqrt(2.0) * side_m), rel=1e-3)
    assert found["upright"] == pytest.approx(1.0)
    assert segment_features(0 * labels, points, normals, np.zeros(0, np.float32)).shape == (0, len(SEGMENT_FEATURES))


def test_the_trees_that_ship_are_whole() -> None:
    joiner = open_joiner()
    assert joiner is open_joiner()
    for trees, features in ((joiner.pairs, FEATURES), (joiner.segments, SEGMENT_FEATURES)):
        probability = trees.probability(np.zeros((4, len(features)), np.float32))
        assert ((probability > 0.0) & (probability < 1.0)).all()


def test_a_bad_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ArtifactMissingError):
        open_joiner(str(tmp_path / "none.safetensors"))
    tensors = read_tensors(SHIPPED)
    for name, worse in (
        ("pairs.feature", np.full_like(tensors["pairs.feature"], 99)),
        ("pairs.left", tensors["pairs.left"] + 1000),
        ("segments.left", np.zeros_like(tensors["segments.left"])),
        ("segments.feature", tensors["segments.feature"].astype(np.float32)),
        ("pairs.value", tensors["pairs.value"][:, :3]),
        ("pairs.value", np.full_like(tensors["pairs.value"], np.nan)),
        ("segments.features", np.zeros(32, np.uint8)),
    ):
        write_tensors(tmp_path / "bad.safetensors", tensors | {name: worse})
        with pytest.raises(ArtifactDamagedError, match="train them again"):
            PieceJoiner.load(tmp_path / "bad.safetensors")
    write_tensors(tmp_path / "bad.safetensors", {"start": np.zeros(1, np.float32)})
    with pytest.raises(ArtifactDamagedError, match="no trees"):
        PieceJoiner.load(tmp_path / "bad.safetensors")
