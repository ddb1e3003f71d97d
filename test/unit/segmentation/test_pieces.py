"""What is said of two neighbouring segments, by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from srclib_ros.segmentation.organised import Pieces
from srclib_ros.segmentation.pieces import ACROSS_PX, FEATURES, GAP_PX, neighbouring_pairs
from srclib_ros.types import FloatArray

from .piles import level


def of(pairs: FloatArray, name: str) -> float:
    (row,) = pairs
    return float(row[FEATURES.index(name)])


def test_two_squares_side_by_side() -> None:
    labels = np.zeros((8, 20), np.int32)
    labels[2:6, 2:6], labels[2:6, 6:14] = 2, 1
    pairs = neighbouring_pairs(level(labels))
    assert pairs.labels.tolist() == [[2, 1]]
    assert of(pairs.features, "border_share") == pytest.approx(4 / 16)
    assert of(pairs.features, "other_share") == 0.0
    assert of(pairs.features, "border_length") == pytest.approx(1.0)
    assert of(pairs.features, "normals_across") == pytest.approx(1.0)
    assert of(pairs.features, "area_ratio") == pytest.approx(np.log(0.5))
    size_m = 1e-3 * np.sqrt((4**2 - 1) / 12 + (8**2 - 1) / 12)
    assert of(pairs.features, "gap") == pytest.approx(0.001 / size_m, rel=1e-3)
    assert of(pairs.features, "distance") == pytest.approx(0.006 / size_m, rel=1e-3)
    assert of(pairs.features, "axis_angle") <= 1.0
    assert of(pairs.features, "low_larger") == pytest.approx(0.01 / size_m, rel=1e-3)


def test_a_hub_is_all_round_bordered_by_its_gear() -> None:
    labels = np.ones((12, 12), np.int32)
    labels[4:8, 4:8] = 2
    pieces = level(labels)
    pieces.points[2][labels == 2] += 0.005
    pairs = neighbouring_pairs(pieces)
    assert of(pairs.features, "border_share") == pytest.approx(1.0)
    assert of(pairs.features, "step") > 0.0  # the larger lies lower
    assert of(pairs.features, "above_larger") == pytest.approx(of(pairs.features, "distance"), rel=1e-3)


def test_what_returned_nothing_between_two_pieces_is_bridged_when_it_is_narrow() -> None:
    for gap, meet in ((GAP_PX - 1, True), (GAP_PX, False)):
        labels = np.zeros((6, 30), np.int32)
        labels[:, :8], labels[:, 8 + gap : 20 + gap] = 1, 2
        assert bool(len(neighbouring_pairs(level(labels)).labels)) == meet


def test_scale_does_not_matter_and_unknown_normals_do_no_harm() -> None:
    labels = np.zeros((10, 24), np.int32)
    labels[1:9, 1:10], labels[1:9, 10:22] = 1, 2
    pieces = level(labels)
    small = neighbouring_pairs(pieces).features
    larger = replace(pieces, points=3.0 * pieces.points)
    np.testing.assert_allclose(neighbouring_pairs(larger).features, small, rtol=1e-3, atol=1e-3)
    pieces.normals[:, 3:5, 9:11] = np.nan
    assert np.isfinite(neighbouring_pairs(pieces).features).all()


def test_lone_segments_have_no_pairs() -> None:
    labels = np.zeros((6, 30), np.int32)
    assert neighbouring_pairs(level(labels)).features.shape == (0, len(FEATURES))
    labels[:, :5] = 1
    assert neighbouring_pairs(level(labels)).features.shape == (0, len(FEATURES))


def crossed(bar_m: float) -> Pieces:
    """A strip, 1 and 2, that a bar of this height above it, 3, lies across."""
    labels = np.zeros((12, 30), np.int32)
    labels[4:8, :12], labels[4:8, 16:28], labels[:, 12:16] = 1, 2, 3
    pieces = level(labels)
    pieces.points[2][labels == 3] += np.float32(bar_m)
    return pieces


def test_what_lies_on_top_of_two_pieces_is_bridged() -> None:
    pairs = neighbouring_pairs(crossed(0.01))
    assert pairs.labels.tolist() == [[1, 2], [1, 3], [2, 3]]
    across = pairs.features[:, FEATURES.index("across")]
    assert across.tolist() == [1.0, 0.0, 0.0]
    size_m = 1e-3 * np.sqrt((4**2 - 1) / 12 + (12**2 - 1) / 12)
    assert of(pairs.features[:1], "gap") == pytest.approx(0.005 / size_m, rel=1e-3)
    assert [1, 2] not in neighbouring_pairs(crossed(0.001)).labels.tolist()


def test_what_is_too_wide_is_not_bridged() -> None:
    for width, meet in ((ACROSS_PX - 1, True), (ACROSS_PX, False)):
        labels = np.full((6, width + 20), 3, np.int32)
        labels[:, :10], labels[:, -10:] = 1, 2
        pieces = level(labels)
        pieces.points[2][labels == 3] += np.float32(0.01)
        assert ([1, 2] in neighbouring_pairs(pieces).labels.tolist()) == meet


def test_pieces_that_meet_elsewhere_do_not_meet_across_a_third() -> None:
    """A ring with a bar across it."""
    pieces = crossed(0.01)
    pieces.labels[7, 12:16] = 1
    pieces.points[2][7, 12:16] = 0.01
    pairs = neighbouring_pairs(pieces)
    first = pairs.features[(pairs.labels == [2, 1]).all(axis=1)]
    assert of(first, "across") == 0.0
    assert of(first, "border_length") == pytest.approx(1 / np.sqrt(48))
