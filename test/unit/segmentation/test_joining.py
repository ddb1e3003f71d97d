"""Trees that join pieces and judge segments: read back as they were trained, and every bad file refused by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from srclib_ros.artifact import read_tensors, write_tensors
from srclib_ros.config import SegmentationConfig
from srclib_ros.errors import ArtifactDamagedError, ArtifactMissingError
from srclib_ros.segmentation import joining
from srclib_ros.segmentation.completeness import FEATURES as SEGMENT_FEATURES
from srclib_ros.segmentation.joining import SHIPPED, PieceJoiner, join_pieces, joined, open_joiner
from srclib_ros.segmentation.organised import Pieces
from srclib_ros.segmentation.pieces import FEATURES, Pairs, neighbouring_pairs
from srclib_ros.types import FloatArray

from .piles import level


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


class Sure:
    """Trees that hold any pair of these labels for pieces of one part."""

    def __init__(self, *pairs: set[int]) -> None:
        self.pairs = pairs

    def probability(self, features: FloatArray) -> FloatArray:
        return np.float32([0.9 if {*ends} in self.pairs else 0.2 for ends in self.asked.tolist()])


def test_what_a_segment_was_made_of_is_its_own_though_a_speck_was_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """1 is a speck, 2 and 3 are one part, 4 is another beside it; a column to the right of 4 is its side."""
    labels = np.zeros((10, 40), np.int32)
    labels[0, :3], labels[:, 8:14], labels[:, 14:24], labels[:, 24:32] = 1, 2, 3, 4
    pieces = level(labels)
    pieces.sides[:, 32] = True
    trees = Sure({2, 3})

    def pairs_of(pieces: Pieces) -> Pairs:
        found = neighbouring_pairs(pieces)
        trees.asked = found.labels
        return found

    monkeypatch.setattr(joining, "neighbouring_pairs", pairs_of)
    both, beside = join_pieces(pieces, trees, SegmentationConfig())  # type: ignore[arg-type]
    column = {name: (both[row], beside[row]) for row, name in enumerate(SEGMENT_FEATURES)}
    assert labels[5].tolist() == 8 * [0] + 16 * [1] + 9 * [2] + 7 * [0]
    np.testing.assert_allclose(column["core"], (1.0, 80 / 90), rtol=1e-6)
    np.testing.assert_allclose(column["largest"], (100 / 160, 80 / 90), rtol=1e-6)
    np.testing.assert_allclose(column["doubt"], (0.2, 0.2))
    assert not labels[0, :3].any()


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
        ("pairs.left", tensors["pairs.left"] + 1000),
        ("segments.value", np.full_like(tensors["segments.value"], np.nan)),
        ("segments.features", np.zeros(32, np.uint8)),
    ):
        write_tensors(tmp_path / "bad.safetensors", tensors | {name: worse})
        with pytest.raises(ArtifactDamagedError, match="train them again"):
            PieceJoiner.load(tmp_path / "bad.safetensors")
    write_tensors(tmp_path / "bad.safetensors", {"start": np.zeros(1, np.float32)})
    with pytest.raises(ArtifactDamagedError, match="no trees"):
        PieceJoiner.load(tmp_path / "bad.safetensors")
