"""Surface normals: from the depth grid of an organised cloud, or from neighbours in an unorganised one.

On the image of a pinhole camera a plane's inverse depth w is linear in the pixel (u, v): with points
P = viewpoint + A (u, v, 1) / w, the vector g = A^-T (w_u, w_v, w - u w_u - v w_v) satisfies g . (P - viewpoint) = 1
for every point of the plane, so -g is the normal towards the sensor. Two averaged gradients therefore give a
normal, and planes cost no bias however steep they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter1d
from scipy.spatial import cKDTree

from srclib_ros.types import Camera, FloatArray, Matrix

_SAMPLES = 600
_PINHOLE_TOLERANCE = 2e-3


@dataclass(frozen=True, eq=False)
class Grid:
    """An organised cloud seen as a depth image.

    A: (3, 3), P = viewpoint + depth A (u, v, 1), the pixel counted from the grid's corner.
    inverse_depth: (H, W) float32, 1 / m, 0 where there is no point.
    """

    A: Matrix
    inverse_depth: FloatArray


def depth_grid(xyz: FloatArray, viewpoint: Matrix) -> Grid | None:
    """The pinhole camera that a grid of points was seen by, or None where no pinhole explains them.

    xyz: (H, W, 3) float32, metres, any frame, NaN: none. viewpoint: (3,), the sensor in that frame.
    A follows from P - viewpoint being parallel to A (u, v, 1), by the direct linear transform.
    """
    finite = np.flatnonzero(np.isfinite(xyz[..., 2]))
    if len(finite) < 50:
        return None
    chosen = finite[:: max(1, len(finite) // _SAMPLES)]
    height, width = xyz.shape[:2]
    half = np.array((width / 2, height / 2))
    pixels = np.column_stack((chosen % width, chosen // width, np.ones(len(chosen))))
    pixels[:, :2] = pixels[:, :2] / half - 1.0
    rays = xyz[np.unravel_index(chosen, xyz.shape[:2])].astype(np.float64) - viewpoint
    distance = np.linalg.norm(rays, axis=1)
    if not (distance > 1e-6).all():
        return None
    rays /= distance[:, None]
    zero = np.zeros_like(pixels)
    x, y, z = (rays[:, i, None] * pixels for i in range(3))
    equations = np.concatenate((np.hstack((zero, -z, y)), np.hstack((z, zero, -x)), np.hstack((-y, x, zero))))
    values, vectors = np.linalg.eigh(equations.T @ equations)
    A = vectors[:, 0].reshape(3, 3)
    predicted = pixels @ A.T
    along = np.einsum("ij,ij->i", predicted, rays)
    if np.median(along) < 0:
        A, along = -A, -along
    off = np.linalg.norm(predicted, axis=1) - along
    if values[1] < 1e-9 * values[-1] or not (off < _PINHOLE_TOLERANCE**2 * along).mean() > 0.95:
        return None
    A = A @ np.array(((1 / half[0], 0, -1.0), (0, 1 / half[1], -1.0), (0, 0, 1.0)))
    axis = np.cross(A[:, 0], A[:, 1])
    A /= axis @ A[:, 2] / np.linalg.norm(axis)
    to_depth = np.linalg.inv(A)[2]
    depth = xyz @ to_depth.astype(np.float32) - np.float32(to_depth @ viewpoint)
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = np.where(depth > 1e-4, np.float32(1.0) / depth, np.float32(0.0))
    return Grid(A, inverse)


def grid_normals(grid: Grid, depth_jump: float, radius_px: int = 2) -> FloatArray:
    """(3, H, W) float32 unit normals towards the sensor, NaN where unknown.

    depth_jump: neighbouring pixels whose depths differ by more than this share lie on different surfaces and are
    left out. radius_px: gradients are averaged over a square of 2 radius_px + 1 pixels.
    """
    w = grid.inverse_depth
    w_u = _averaged_step(w, 1, depth_jump, radius_px)
    w_v = _averaged_step(w, 0, depth_jump, radius_px)
    u = np.arange(w.shape[1], dtype=np.float32)
    v = np.arange(w.shape[0], dtype=np.float32)[:, None]
    w_0 = w - u * w_u - v * w_v
    B = -np.linalg.inv(grid.A).T.astype(np.float32)
    normals = np.stack([B[i, 0] * w_u + B[i, 1] * w_v + B[i, 2] * w_0 for i in range(3)])
    normals /= np.sqrt(np.einsum("ijk,ijk->jk", normals, normals))
    return normals


def depth_normals(depth_m: FloatArray, camera: Camera, depth_jump: float) -> FloatArray:
    """(H, W, 3) float32 unit normals towards the sensor of a depth image (H, W), 0 where there is no depth; NaN where
    unknown. depth_jump: see `grid_normals`."""
    K = np.array(((camera.fx_px, 0, camera.cx_px), (0, camera.fy_px, camera.cy_px), (0, 0, 1.0)))
    inverse = np.divide(1.0, depth_m, out=np.zeros_like(depth_m), where=depth_m > 0.0)
    return np.moveaxis(grid_normals(Grid(np.linalg.inv(K), inverse), depth_jump), 0, -1)


def _averaged_step(w: FloatArray, axis: int, depth_jump: float, radius_px: int) -> FloatArray:
    """Mean difference of w between neighbours along `axis` within a square window, NaN where there is none."""
    before, after = (w[:, :-1], w[:, 1:]) if axis == 1 else (w[:-1], w[1:])
    step = after - before
    smooth = np.abs(step) < np.float32(depth_jump) * np.minimum(before, after)
    sums = np.zeros((2, *w.shape), np.float32)
    inner = (slice(None), slice(None, -1)) if axis == 1 else (slice(None, -1), slice(None))
    np.multiply(step, smooth, out=sums[0][inner])
    sums[1][inner] = smooth
    # A difference lies half a pixel ahead, so its window has an even number of them.
    size, origin = 2 * radius_px + 1, 0
    for array in sums:
        uniform_filter1d(array, size, axis=1 - axis, output=array, mode="constant")
        uniform_filter1d(array, size - 1, axis=axis, output=array, mode="constant", origin=origin)
    floor = np.float32(0.5 / (size * (size - 1)))
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = sums[0] / sums[1]
    mean[(sums[1] < floor) | (w <= 0)] = np.nan
    return mean


def neighbour_normals(points: FloatArray, viewpoint: Matrix, neighbours: int = 12) -> FloatArray:
    """(N, 3) float32 unit normals towards `viewpoint`: the least principal axis of each point's neighbours.

    points: (N, 3) float32, finite. Fewer than three points, or neighbours all in one place, give NaN.
    """
    if len(points) < 3:
        return np.full_like(points, np.nan)
    k = min(neighbours, len(points))
    _, index = cKDTree(points).query(points, k=k)
    near = points[index] - points[:, None]
    near -= near.mean(axis=1, keepdims=True)
    scatter = np.einsum("nki,nkj->nij", near, near)
    spread, axes = np.linalg.eigh(scatter)
    normals: npt.NDArray[np.float32] = axes[:, :, 0].astype(np.float32, copy=False)
    away = np.einsum("ij,ij->i", normals, points - viewpoint.astype(np.float32)) > 0
    normals[away] *= -1
    normals[spread[:, 2] <= 1e-14] = np.nan
    return normals
