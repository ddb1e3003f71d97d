"""A virtual pinhole camera that looks at the bin."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from srclib_ros.types import Matrix

_OFF_VERTICAL_RAD = math.radians(36)
_FIELD_OF_VIEW_RAD = math.radians(32)
_MARGIN = 1.04


@dataclass(frozen=True, eq=False)
class View:
    """T_view_bin: (4, 4), view axes x right, y down, z away. Pixels count from the upper left corner."""

    T_view_bin: Matrix
    width_px: int
    height_px: int
    focal_px: float

    def project(self, points_bin: Matrix) -> tuple[Matrix, Matrix]:
        """Pixels (..., 2) and depth (...) in metres of points (..., 3) in the bin frame."""
        R, t = self.T_view_bin[:3, :3], self.T_view_bin[:3, 3]
        points = points_bin @ R.T + t
        depth = points[..., 2]
        middle = np.array([self.width_px, self.height_px]) / 2
        return self.focal_px * points[..., :2] / depth[..., None] + middle, depth


def view_of_box(low_bin: Matrix, high_bin: Matrix, viewpoint_bin: Matrix, width_px: int, height_px: int) -> View:
    """A view that the box between two corners (3,) fills, from the sensor's side, slanted so that depth can be seen."""
    azimuth, tilt = _direction(viewpoint_bin)
    corners = np.stack(np.meshgrid(*np.stack((low_bin, high_bin), axis=1), indexing="ij"), axis=-1).reshape(-1, 3)
    target = (low_bin + high_bin) / 2
    away = np.array([math.sin(tilt) * math.cos(azimuth), math.sin(tilt) * math.sin(azimuth), math.cos(tilt)])
    focal_px = width_px / (2 * math.tan(_FIELD_OF_VIEW_RAD / 2))
    R = _axes_looking_along(-away)
    near, far = 0.05, 100.0
    for _ in range(40):
        distance = math.sqrt(near * far)
        view = _centred(_place(R, target, away * distance, focal_px, width_px, height_px), corners)
        near, far = (near, distance) if _fits(view, corners) else (distance, far)
    return _centred(_place(R, target, away * far, focal_px, width_px, height_px), corners)


def _direction(viewpoint_bin: Matrix) -> tuple[float, float]:
    """Azimuth and angle off the vertical: the sensor's own, pulled towards a pleasant slant."""
    x, y, z = viewpoint_bin
    tilt = math.atan2(math.hypot(x, y), z) if z > 0 else 0.0
    azimuth = math.atan2(y, x) if tilt > math.radians(15) else -math.pi / 2
    return azimuth, max(tilt, _OFF_VERTICAL_RAD) if tilt < math.radians(50) else tilt


def _axes_looking_along(forward: Matrix) -> Matrix:
    up = np.array([0.0, 0.0, 1.0])
    right = np.cross(forward, up)
    right /= np.linalg.norm(right)
    return np.stack((right, np.cross(forward, right), forward))


def _place(R: Matrix, target: Matrix, offset: Matrix, focal_px: float, width_px: int, height_px: int) -> View:
    T = np.eye(4)
    T[:3, :3] = R
    T[:3, 3] = -R @ (target + offset)
    return View(T, width_px, height_px, focal_px)


def _extent(view: View, corners: Matrix) -> tuple[Matrix, Matrix]:
    pixels, _ = view.project(corners)
    return pixels.min(axis=0), pixels.max(axis=0)


def _fits(view: View, corners: Matrix) -> bool:
    if view.project(corners)[1].min() <= 0.01:
        return False
    low, high = _extent(view, corners)
    return bool(((high - low) * _MARGIN < (view.width_px, view.height_px)).all())


def _centred(view: View, corners: Matrix) -> View:
    """The same view moved sideways until the corners lie in the middle of the picture."""
    T = view.T_view_bin.copy()
    for _ in range(5):
        low, high = _extent(View(T, view.width_px, view.height_px, view.focal_px), corners)
        off_px = (low + high) / 2 - np.array([view.width_px, view.height_px]) / 2
        T[:2, 3] -= off_px * T[2, 3] / view.focal_px
    return View(T, view.width_px, view.height_px, view.focal_px)
