"""Depths of boxes in parts by arithmetic, and hollows that convex pieces would fill."""

from __future__ import annotations

import numpy as np
import pytest
from support.grasp_parts import boxes

from srclib_ros.simulation.surface_depth import SurfaceDepth
from srclib_ros.types import Matrix

CUBE = boxes(((0, 0, 0), (0.03, 0.03, 0.03)))
CHANNEL = boxes(  # a U of 30 mm with a slot of 10 mm
    ((0, 0, 0), (0.03, 0.03, 0.01)), ((0, 0, 0.01), (0.03, 0.01, 0.03)), ((0, 0.02, 0.01), (0.03, 0.03, 0.03))
)


def box(low_mm: tuple[float, float, float], high_mm: tuple[float, float, float]) -> Matrix:
    return 1e-3 * np.array([[low_mm, high_mm]])


@pytest.mark.parametrize("depth_mm", [0.0, 0.5, 2.0, 3.5])
def test_a_finger_through_a_face(depth_mm: float) -> None:
    finger = box((-4, -4, 15 - depth_mm), (4, 4, 60))
    assert SurfaceDepth([CUBE]).depth_m(0, np.eye(4), finger) == pytest.approx(1e-3 * depth_mm, abs=1e-4)


def test_the_deepest_of_several_boxes_counts_and_the_part_may_be_turned() -> None:
    T = np.eye(4)
    T[:3, :3] = np.array([(0, -1, 0), (1, 0, 0), (0, 0, 1)], float)
    T[0, 3] = 0.1
    fingers = np.concatenate([box((114, -4, -4), (150, 4, 4)), box((50, -4, -4), (88, 4, 4))])
    assert SurfaceDepth([CUBE, CUBE]).depth_m(1, T, fingers) == pytest.approx(0.003, abs=1e-4)


def test_a_slot_is_open() -> None:
    surfaces = SurfaceDepth([CHANNEL])
    assert surfaces.depth_m(0, np.eye(4), box((-8, -4, -4), (8, 4, 60))) == 0.0
    assert surfaces.depth_m(0, np.eye(4), box((-8, -4, -6), (8, 4, 60))) == pytest.approx(0.001, abs=1e-4)
