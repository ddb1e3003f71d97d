"""Poses made to fit the points that they explain: trimmed ICP, many poses at once.

Each scene point is paired with the model point that is nearest in place and direction of the normal together, so that
the far side of a thin part never attracts the near one's points. Point to plane after Chen and Medioni 1992;
points that lie beside their surface, over its edge, are drawn to its nearest point, which holds flat parts in place.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from srclib_ros.types import FloatArray, Matrix

ITERATIONS = 8
MODEL_POINTS = 700
_NORMAL_WEIGHT = 0.15  # a normal turned by one radian counts like this share of the diameter
_REACH = (0.20, 0.05)  # pairs further apart than this, in diameters, pull no more: at first, at last
_POINT_WEIGHT = 0.5  # of point to point, for points that lie over the edge of what they belong to
_OVER_THE_EDGE = 1.5  # this many grains of the model's points beside their planes
_DAMPING = 1e-3
_FAR = 0.10
_ROWS = 128  # of the table of all pairs at a time, so that it stays in the cache


@dataclass(frozen=True, eq=False)
class Fit:
    """How P poses fit. T_bin_object: (P, 4, 4). fit_m: (P,) mean distance of the points to the posed surface, each
    counted as at most a tenth of the diameter. explained: (P,) share of the points nearer than a twentieth of it.
    """

    T_bin_object: Matrix
    fit_m: Matrix
    explained: Matrix


class SurfaceFitter:
    """Fits one part's surface to points. surface, normals: (S, 3), object frame, metres, an even sample.

    model_points: so many of them are used.
    """

    def __init__(
        self, surface: FloatArray, normals: FloatArray, diameter_m: float, model_points: int = MODEL_POINTS
    ) -> None:
        step = max(1, len(surface) // model_points)
        self._diameter_m = diameter_m
        self._surface = surface[::step].astype(np.float32) / np.float32(diameter_m)
        self._normals = normals[::step].astype(np.float32)
        area_each = 0.5 / np.sqrt(len(self._surface))
        self._grain = float(area_each)
        features = np.concatenate([self._surface, _NORMAL_WEIGHT * self._normals], axis=1)
        self._lookup = np.concatenate([features.T, -0.5 * (features**2).sum(axis=1)[None]]).astype(np.float32)

    def fit(
        self, points: FloatArray, normals: FloatArray, T_bin_object: Matrix, scale: float, iterations: int = ITERATIONS
    ) -> Fit:
        """points, normals: (P, N, 3), bin frame, metres, N points for each of P poses; T_bin_object: (P, 4, 4)."""
        size = np.float32(scale * self._diameter_m)
        T = np.array(T_bin_object, np.float64)
        for step in range(iterations):
            x, n = self._into_object(points, normals, T, size)
            nearest = self._pair(x, n)
            reach = _REACH[0] + (_REACH[1] - _REACH[0]) * step / max(1, iterations - 1)
            T = _compose(T, self._twist(x, nearest, reach), size)
        x, n = self._into_object(points, normals, T, size)
        distance = self._distance(x, self._pair(x, n))
        return Fit(T, np.minimum(distance, _FAR).mean(axis=1) * size, (distance < _FAR / 2).mean(axis=1))

    def distances(self, points: FloatArray, normals: FloatArray, T_bin_object: Matrix, scale: float) -> Matrix:
        """(P, N) distances in diameters of points (P, N, 3) to the surface posed at (P, 4, 4)."""
        x, n = self._into_object(points, normals, T_bin_object, np.float32(scale * self._diameter_m))
        return self._distance(x, self._pair(x, n))

    def _into_object(
        self, points: FloatArray, normals: FloatArray, T: Matrix, size: np.float32
    ) -> tuple[FloatArray, FloatArray]:
        """Points and normals in the object frame, lengths in diameters."""
        R, t = T[:, :3, :3].astype(np.float32), T[:, None, :3, 3].astype(np.float32)
        return ((points - t) @ R / size).astype(np.float32), normals @ R

    def _pair(self, x: FloatArray, n: FloatArray) -> np.ndarray:
        """(P, N) index of the model point that goes with each scene point."""
        ones = np.ones((*x.shape[:2], 1), np.float32)
        features = np.concatenate([x, _NORMAL_WEIGHT * n, ones], axis=2).reshape(-1, 7)
        nearest = np.empty(len(features), np.int64)
        for start in range(0, len(features), _ROWS):
            nearest[start : start + _ROWS] = (features[start : start + _ROWS] @ self._lookup).argmax(axis=1)
        return nearest.reshape(x.shape[:2])

    def _twist(self, x: FloatArray, nearest: np.ndarray, reach: float) -> Matrix:
        """(P, 6) small turn and shift of the points, object frame, that brings them nearest to the planes."""
        plane = self._normals[nearest]
        apart = x - self._surface[nearest]
        weight = np.maximum(0.0, 1.0 - ((apart**2).sum(axis=2) / reach**2)) ** 2
        along = (apart * plane).sum(axis=2)
        beside = (apart**2).sum(axis=2) - along**2 > (_OVER_THE_EDGE * self._grain) ** 2
        jacobian = np.concatenate([_cross(x, plane), plane], axis=2)
        weighted = jacobian * weight[..., None]
        normal = (np.swapaxes(weighted, 1, 2) @ jacobian).astype(np.float64)
        pull = (along[:, None] @ weighted)[:, 0].astype(np.float64)
        self._add_points(normal, pull, x, apart, _POINT_WEIGHT**2 * weight * beside)
        damping = _DAMPING * (1.0 + weight.sum(axis=1))[:, None, None] * np.diag([0.1, 0.1, 0.1, 1.0, 1.0, 1.0])
        solved: Matrix = -np.linalg.solve(normal + damping, pull[..., None])[..., 0]
        return np.clip(solved, -0.3, 0.3)

    @staticmethod
    def _add_points(normal: Matrix, pull: Matrix, x: FloatArray, apart: FloatArray, weight: FloatArray) -> None:
        """Add the normal equations of point to point, x moved by a twist t x + s onto x - apart, in place."""
        total, weighted = weight.sum(axis=1), x * weight[..., None]
        moments = np.swapaxes(weighted, 1, 2) @ x
        centre = weighted.sum(axis=1)
        normal[:, :3, :3] += np.trace(moments, axis1=1, axis2=2)[:, None, None] * np.eye(3) - moments
        normal[:, 3:, 3:] += total[:, None, None] * np.eye(3)
        across = np.zeros((len(x), 3, 3))
        across[:, [2, 0, 1], [1, 2, 0]] = centre
        across[:, [1, 2, 0], [2, 0, 1]] = -centre
        normal[:, :3, 3:] += across
        normal[:, 3:, :3] -= across
        turning = np.swapaxes(weighted, 1, 2) @ apart
        pull[:, :3] += (turning - np.swapaxes(turning, 1, 2))[:, [1, 2, 0], [2, 0, 1]]
        pull[:, 3:] += (apart * weight[..., None]).sum(axis=1)

    def _distance(self, x: FloatArray, nearest: np.ndarray) -> Matrix:
        """(P, N) distance to the surface in diameters; the spacing of the model's points is not held against it."""
        apart = x - self._surface[nearest]
        along = (apart * self._normals[nearest]).sum(axis=2)
        aside = np.sqrt(np.maximum((apart**2).sum(axis=2) - along**2, 0.0))
        distance: Matrix = np.hypot(along, np.maximum(aside - 2.0 * self._grain, 0.0)).astype(np.float64)
        return distance


def _cross(a: FloatArray, b: FloatArray) -> FloatArray:
    """(..., 3) vector products; np.cross, which takes any axis, costs four times as much here."""
    product = a[..., [1, 2, 0]] * b[..., [2, 0, 1]]
    product -= a[..., [2, 0, 1]] * b[..., [1, 2, 0]]
    return product


def _compose(T: Matrix, twist: Matrix, size: np.float32) -> Matrix:
    """T after the points moved by `twist` in the object frame: T times the inverse motion."""
    turn, shift = twist[:, :3], twist[:, 3:]
    angle = np.linalg.norm(turn, axis=1)
    axis = turn / np.maximum(angle, 1e-12)[:, None]
    cross = np.zeros((len(T), 3, 3))
    cross[:, [2, 0, 1], [1, 2, 0]] = axis
    cross[:, [1, 2, 0], [2, 0, 1]] = -axis
    R = np.eye(3) + np.sin(angle)[:, None, None] * cross + (1 - np.cos(angle))[:, None, None] * cross @ cross
    moved = T.copy()
    moved[:, :3, :3] = T[:, :3, :3] @ np.swapaxes(R, 1, 2)
    moved[:, :3, 3] -= float(size) * np.einsum("pij,pj->pi", moved[:, :3, :3], shift)
    return moved
