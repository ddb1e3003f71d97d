"""The dominant plane of a cloud: RANSAC, all hypotheses scored at once, then a least-squares fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from srclib_ros.types import FloatArray, Matrix


@dataclass(frozen=True, eq=False)
class Plane:
    """normal . p + offset_m = 0, the normal a unit vector (3,) float64. inliers: (N,) bool. share: of the points."""

    normal: Matrix
    offset_m: float
    inliers: npt.NDArray[np.bool_]
    share: float

    def height_m(self, xyz: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
        """Signed distance of points (..., 3) along the normal, in their float type."""
        return xyz @ self.normal.astype(xyz.dtype) + xyz.dtype.type(self.offset_m)


def dominant_plane(
    points: FloatArray,
    tolerance_m: float,
    rng: np.random.Generator,
    hypotheses: int = 256,
    sample: int = 4000,
) -> Plane | None:
    """The plane with most points within `tolerance_m` of it (Fischler and Bolles 1981), or None for none at all.

    points: (N, 3) float32, metres, finite. Hypotheses are scored on at most `sample` points drawn with `rng`;
    the winner is fitted by least squares to all its inliers, twice. The normal's sign is arbitrary.
    """
    n = len(points)
    if n < 3:
        return None
    centre = points.mean(axis=0, dtype=np.float64)
    drawn = points if n <= sample else points[rng.choice(n, sample, replace=False)]
    centred = drawn - centre.astype(np.float32)
    corners = centred[rng.integers(0, len(centred), (hypotheses, 3))]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    lengths = np.linalg.norm(normals, axis=1)
    usable = lengths > 1e-9
    if not usable.any():
        return None
    normals = normals[usable] / lengths[usable, None]
    offsets = -np.einsum("ij,ij->i", normals, corners[usable, 0])
    counts = np.count_nonzero(np.abs(centred @ normals.T + offsets) < tolerance_m, axis=0)
    best = int(np.argmax(counts))
    normal, offset = normals[best].astype(np.float64), float(offsets[best])

    everything = (points - centre.astype(np.float32)).astype(np.float32, copy=False)
    inliers = np.abs(everything @ normal.astype(np.float32) + np.float32(offset)) < tolerance_m
    for _ in range(2):
        if np.count_nonzero(inliers) < 3:
            return None
        near = everything[inliers].astype(np.float64)
        middle = near.mean(axis=0)
        scatter = (near - middle).T @ (near - middle)
        normal = np.linalg.eigh(scatter)[1][:, 0]
        offset = -float(normal @ middle)
        inliers = np.abs(everything @ normal.astype(np.float32) + np.float32(offset)) < tolerance_m
    return Plane(normal, offset - float(normal @ centre), inliers, float(np.count_nonzero(inliers)) / n)
