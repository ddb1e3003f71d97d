from __future__ import annotations

import numpy as np
import pytest

from srclib_ros.rendering.view import View, view_of_box

LOW, HIGH = np.array([-0.2, -0.1, 0.0]), np.array([0.2, 0.1, 0.1])


def corners() -> np.ndarray:
    return np.array([(x, y, z) for x in (-0.2, 0.2) for y in (-0.1, 0.1) for z in (0.0, 0.1)])


def test_a_point_on_the_axis_falls_on_the_middle() -> None:
    T = np.eye(4)
    T[2, 3] = 2.0
    pixels, depth = View(T, 100, 60, 80.0).project(np.array([[0.0, 0.0, 0.0], [0.5, 0.0, 0.0]]))
    np.testing.assert_allclose(pixels, [[50, 30], [50 + 80 * 0.5 / 2, 30]])
    np.testing.assert_allclose(depth, 2.0)


@pytest.mark.parametrize("eye", [(0, 0, 1), (0.8, 0.1, 0.5), (-0.5, -0.9, 0.2), (0, 0, -1)])
def test_the_box_fills_the_picture_and_fits(eye: tuple[float, float, float]) -> None:
    view = view_of_box(LOW, HIGH, np.array(eye, float), 400, 300)
    pixels, depth = view.project(corners())
    assert depth.min() > 0
    assert pixels.min() >= 0
    assert (pixels.max(axis=0) <= (400, 300)).all()
    spread = np.ptp(pixels, axis=0) / (400, 300)
    assert spread.max() > 0.9


def test_it_looks_from_the_sensors_side_and_from_above() -> None:
    view = view_of_box(LOW, HIGH, np.array([0.9, 0.0, 0.6]), 400, 300)
    eye = -view.T_view_bin[:3, :3].T @ view.T_view_bin[:3, 3]
    assert eye[0] > 0.1
    assert eye[2] > 0.1


def test_what_stands_higher_is_higher_in_the_picture() -> None:
    view = view_of_box(LOW, HIGH, np.array([0.0, 0.0, 1.0]), 400, 300)
    pixels, _ = view.project(np.array([[0, 0, 0.0], [0, 0, 0.1]]))
    assert pixels[1, 1] < pixels[0, 1]
