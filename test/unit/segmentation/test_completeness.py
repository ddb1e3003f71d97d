"""Features of a segment that anyone can work out."""

from __future__ import annotations

import numpy as np
import pytest

from srclib_ros.segmentation.completeness import FEATURES, segment_features


def test_features_of_a_square_by_hand() -> None:
    """10 x 10 pixels of 1 mm, level, 50 mm above the floor, beside nothing."""
    labels = np.zeros((20, 20), np.int32)
    labels[5:15, 5:15] = 1
    v, u = np.mgrid[:20, :20].astype(np.float32)
    points = np.stack([1e-3 * u, 1e-3 * v, np.full_like(u, 0.05)])
    normals = np.zeros_like(points)
    normals[2] = 1.0
    (row,) = segment_features(labels, points, normals, np.float32([0.25]))
    found = dict(zip(FEATURES, row.tolist(), strict=True))
    assert found["outline"] == pytest.approx(40 / 10)
    assert found["pixels"] == pytest.approx(np.log(100))
    assert found["doubt"] == 0.25
    assert found["flat"] < 0.01
    assert found["round"] == pytest.approx(1.0)
    side_m = np.sqrt((10**2 - 1) / 12) * 1e-3
    assert found["low"] == pytest.approx(0.05 / (np.sqrt(2.0) * side_m), rel=1e-3)
    assert found["upright"] == pytest.approx(1.0)
    assert segment_features(0 * labels, points, normals, np.zeros(0, np.float32)).shape == (0, len(FEATURES))
