"""Features of a segment that anyone can work out."""

from __future__ import annotations

import numpy as np
import pytest

from srclib_ros.segmentation.completeness import FEATURES, Making, segment_features
from srclib_ros.segmentation.organised import Pieces

from .piles import level

SIDE_M = np.sqrt((10**2 - 1) / 12) * 1e-3  # standard deviation along a side of ten pixels of 1 mm


def features_of(pieces: Pieces, making: Making) -> list[dict[str, float]]:
    return [dict(zip(FEATURES, row.tolist(), strict=True)) for row in segment_features(pieces, making)]


def test_features_of_a_square_by_hand() -> None:
    """10 x 10 pixels, level, 50 mm above the floor, nothing of a segment beside it; 80 of them before it was given its
    sides, 60 of these in its largest piece."""
    labels = np.zeros((20, 20), np.int32)
    labels[5:15, 5:15] = 1
    pieces = level(labels, 0.05)
    (found,) = features_of(pieces, Making(np.float32([0.25]), np.array([80]), np.array([60.0])))
    assert found["outline"] == pytest.approx(40 / 10)
    assert found["pixels"] == pytest.approx(np.log(100))
    assert found["doubt"] == 0.25
    assert (found["core"], found["largest"]) == (pytest.approx(0.8), pytest.approx(0.6))
    assert (found["covered"], found["open"]) == (0.0, 1.0)
    assert found["length_m"] == pytest.approx(np.log(SIDE_M), rel=1e-3)
    assert found["flat"] < 0.01
    assert found["round"] == pytest.approx(1.0)
    assert found["low"] == pytest.approx(0.05 / (np.sqrt(2.0) * SIDE_M), rel=1e-3)
    assert found["upright"] == pytest.approx(1.0)
    nothing = Making(np.zeros(0, np.float32), np.zeros(0, np.int64), np.zeros(0))
    assert segment_features(level(0 * labels), nothing).shape == (0, len(FEATURES))


def test_what_stands_beyond_the_outline() -> None:
    """A square, and on its left a taller one of half its width, which covers it; its other three sides look down."""
    labels = np.zeros((20, 30), np.int32)
    labels[5:15, 10:20], labels[5:15, 5:10] = 1, 2
    height_m = np.select([labels == 1, labels == 2], [0.05, 0.06], 0.0)
    making = Making(np.zeros(2, np.float32), np.array([100, 50]), np.array([100.0, 50.0]))
    square, taller = features_of(level(labels, height_m), making)
    assert (square["covered"], square["open"]) == (pytest.approx(0.25), 0.0)
    assert (taller["covered"], taller["open"]) == (0.0, 0.0)
    height_m[labels == 0] = 0.05
    square, taller = features_of(level(labels, height_m), making)
    assert (square["covered"], square["open"]) == (pytest.approx(0.25), pytest.approx(0.75))
