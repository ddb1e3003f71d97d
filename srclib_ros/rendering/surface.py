"""Denser points: a cloud's grid filled in between its pixels, meshes, and the faces and edges of boxes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from srclib_ros.types import FloatArray, IntArray, Matrix, Scene

_JUMP_SHARE = 0.012
_LEAST_SINE = 1e-6  # of a corner of a face; a flatter one has no area


@dataclass(frozen=True, eq=False)
class SurfacePoints:
    """points_bin, normals_bin: (N, 3) float32, normals NaN where unknown. labels: (N,). spacing_m: between them."""

    points_bin: FloatArray
    normals_bin: FloatArray
    labels: IntArray
    spacing_m: float


def scene_surface(scene: Scene, keep: npt.NDArray[np.bool_], finest_m: float) -> SurfacePoints:
    """The points of a scene where `keep` (shaped as the labels), as dense as `finest_m` if they lie on a grid."""
    if scene.cloud.organised:
        return _fill_grid(scene, keep, finest_m)
    points = scene.points_bin[keep]
    return SurfacePoints(points, scene.normals_bin[keep], scene.labels[keep], _spacing(points))


def _fill_grid(scene: Scene, keep: npt.NDArray[np.bool_], finest_m: float) -> SurfacePoints:
    rows, columns = np.nonzero(keep)
    if len(rows) == 0:
        none = np.empty((0, 3), np.float32)
        return SurfacePoints(none, none, np.empty(0, np.int32), finest_m)
    window = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    points = np.where(keep[window][..., None], scene.points_bin[window], np.nan)
    normals, labels = scene.normals_bin[window], scene.labels[window]
    corners = np.stack((points[:-1, :-1], points[:-1, 1:], points[1:, :-1], points[1:, 1:]), axis=2)
    sides = np.linalg.norm(corners[:, :, [1, 2]] - corners[:, :, :1], axis=-1)
    spacing_m = float(np.nanmedian(sides)) if np.isfinite(sides).any() else finest_m
    range_m = float(np.nanmedian(np.linalg.norm(points - scene.viewpoint_bin.astype(np.float32), axis=-1)))
    whole = np.isfinite(corners).all(axis=(2, 3))
    spread = np.ptp(np.where(whole[..., None, None], corners, 0.0), axis=2).max(axis=-1)
    whole &= spread < max(_JUMP_SHARE * range_m, 4 * spacing_m)
    steps = int(np.clip(np.ceil(spacing_m / finest_m), 1, 6))
    share = (np.arange(steps, dtype=np.float32) + 0.5) / steps
    u, v = (axis.reshape(-1) for axis in np.meshgrid(share, share, indexing="ij"))
    weights = np.stack(((1 - u) * (1 - v), (1 - u) * v, u * (1 - v), u * v))
    normal_corners = np.stack((normals[:-1, :-1], normals[:-1, 1:], normals[1:, :-1], normals[1:, 1:]), axis=2)
    dense = np.einsum("nkc,ks->nsc", corners[whole], weights).reshape(-1, 3)
    dense_normals = np.einsum("nkc,ks->nsc", normal_corners[whole], weights).reshape(-1, 3)
    nearest = np.where(u < 0.5, 0, 2) + np.where(v < 0.5, 0, 1)
    label_corners = np.stack((labels[:-1, :-1], labels[:-1, 1:], labels[1:, :-1], labels[1:, 1:]), axis=2)
    dense_labels = label_corners[whole][:, nearest].reshape(-1)
    return SurfacePoints(
        dense.astype(np.float32), dense_normals.astype(np.float32), dense_labels, 2.0 * spacing_m / steps
    )


def _spacing(points: FloatArray) -> float:
    """Median distance to the nearest neighbour, from a sample; 0 for fewer than two points."""
    if len(points) < 2:
        return 0.0
    sample = points[:: max(1, len(points) // 2000)]
    distances, _ = cKDTree(points).query(sample, k=2)
    return float(np.median(distances[:, 1])) * 1.6


def mesh_surface(vertices: Matrix, faces: IntArray, spacing_m: float) -> tuple[Matrix, Matrix]:
    """Points (N, 3) on a mesh of vertices (V, 3) and faces (F, 3), at most `spacing_m` apart, and their outward unit
    normals (N, 3). Each face is filled in rows that run along its shortest side; one without an area has no points.
    """
    corners = vertices[faces]
    shortest = np.linalg.norm(np.roll(corners, -1, axis=1) - corners, axis=2).argmin(axis=1)
    turned = np.take_along_axis(corners, ((shortest[:, None] + np.arange(3)) % 3)[..., None], axis=1)
    first, along, away = turned[:, 0], turned[:, 1] - turned[:, 0], turned[:, 2] - turned[:, 0]
    normals = np.cross(along, away)
    width_m, length_m, area2 = (np.linalg.norm(side, axis=1) for side in (along, away, normals))
    wide = area2 > _LEAST_SINE * width_m * length_m
    first, along, away, normals = first[wide], along[wide], away[wide], normals[wide] / area2[wide, None]
    columns, rows = (np.ceil(side_m[wide] / spacing_m).astype(np.int64) for side_m in (width_m, length_m))
    face = np.repeat(np.arange(len(first)), columns * rows)
    number = np.arange(len(face)) - np.repeat(np.cumsum(columns * rows) - columns * rows, columns * rows)
    v = (number // columns[face] + 0.5) / rows[face]
    u = (number % columns[face] + 0.5) / columns[face] * (1 - v)
    return first[face] + u[:, None] * along[face] + v[:, None] * away[face], normals[face]


def box_faces(box: Matrix, spacing_m: float) -> tuple[Matrix, Matrix]:
    """Points (N, 3) on the faces of a box (2, 3: lower and upper corner) and their outward normals (N, 3)."""
    points, normals = [], []
    for axis in range(3):
        first, second = (a for a in range(3) if a != axis)
        a, b = np.meshgrid(_line(box, first, spacing_m), _line(box, second, spacing_m), indexing="ij")
        for side, sign in ((0, -1.0), (1, 1.0)):
            face = np.empty((a.size, 3))
            face[:, axis], face[:, first], face[:, second] = box[side, axis], a.ravel(), b.ravel()
            normal = np.zeros((a.size, 3))
            normal[:, axis] = sign
            points.append(face)
            normals.append(normal)
    return np.concatenate(points), np.concatenate(normals)


def box_edges(box: Matrix, spacing_m: float) -> Matrix:
    """Points (N, 3) along the twelve edges of a box."""
    lines = []
    for axis in range(3):
        first, second = (a for a in range(3) if a != axis)
        along = _line(box, axis, spacing_m)
        for i in (0, 1):
            for j in (0, 1):
                edge = np.empty((len(along), 3))
                edge[:, axis], edge[:, first], edge[:, second] = along, box[i, first], box[j, second]
                lines.append(edge)
    return np.concatenate(lines)


def _line(box: Matrix, axis: int, spacing_m: float) -> Matrix:
    low, high = box[:, axis]
    return np.linspace(low, high, max(2, int(np.ceil((high - low) / spacing_m)) + 1))
