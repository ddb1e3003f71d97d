"""Trees that join pieces: read back as they were trained, and every bad file refused by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from srclib_ros.artifact import read_tensors, write_tensors
from srclib_ros.errors import ArtifactDamagedError, ArtifactMissingError
from srclib_ros.segmentation.joining import SHIPPED, PieceJoiner, joined_labels, open_joiner
from srclib_ros.segmentation.pieces import FEATURES, Pairs


def test_one_tree_by_hand() -> None:
    """Left of 0.5 in the third feature: -1; right of it: +2; the start is 0.5."""
    joiner = PieceJoiner(
        feature=np.int32([[2, 0, 0]]),
        threshold=np.float32([[0.5, 0.0, 0.0]]),
        left=np.int32([[1, 1, 2]]),
        right=np.int32([[2, 1, 2]]),
        value=np.float32([[0.0, -1.0, 2.0]]),
        start=0.5,
    )
    features = np.zeros((3, len(FEATURES)), np.float32)
    features[:, 2] = 0.2, 0.5, 0.7
    odds = np.log(joiner.probability(features) / (1.0 - joiner.probability(features)))
    np.testing.assert_allclose(odds, [-0.5, -0.5, 2.5], atol=1e-5)
    assert joiner.probability(features[:0]).shape == (0,)


def test_chains_of_likely_pairs_become_one_label() -> None:
    pairs = Pairs(np.array([[2, 1], [3, 2], [4, 5]]), np.zeros((3, len(FEATURES)), np.float32))
    assert joined_labels(pairs, np.array([True, True, False]), 6).tolist() == [0, 1, 1, 1, 2, 3]
    assert joined_labels(pairs, np.zeros(3, bool), 6).tolist() == [0, 1, 2, 3, 4, 5]


def test_the_trees_that_ship_are_whole() -> None:
    joiner = open_joiner()
    assert joiner is open_joiner()
    probability = joiner.probability(np.zeros((4, len(FEATURES)), np.float32))
    assert ((probability > 0.0) & (probability < 1.0)).all()


def test_a_bad_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ArtifactMissingError):
        open_joiner(str(tmp_path / "none.safetensors"))
    tensors = read_tensors(SHIPPED)
    for name, worse in (
        ("feature", np.full_like(tensors["feature"], 99)),
        ("left", tensors["left"] + 1000),
        ("left", np.zeros_like(tensors["left"])),
        ("feature", tensors["feature"].astype(np.float32)),
        ("value", tensors["value"][:, :3]),
        ("value", np.full_like(tensors["value"], np.nan)),
        ("features", np.zeros(32, np.uint8)),
    ):
        write_tensors(tmp_path / "bad.safetensors", tensors | {name: worse})
        with pytest.raises(ArtifactDamagedError, match="train them again"):
            PieceJoiner.load(tmp_path / "bad.safetensors")
    write_tensors(tmp_path / "bad.safetensors", {"start": np.zeros(1, np.float32)})
    with pytest.raises(ArtifactDamagedError, match="no trees"):
        PieceJoiner.load(tmp_path / "bad.safetensors")
