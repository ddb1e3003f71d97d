"""Boxes on a floor, seen by a pinhole camera: worked out ray by ray, so that every pixel's truth is known; and level
grids of labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from srclib_ros.geometry.pinhole import pixel_rays
from srclib_ros.geometry.transforms import apply, invert, look_at
from srclib_ros.segmentation.organised import Pieces
from srclib_ros.types import Bin, Camera, Cloud, IntArray

CAMERA = Camera(320, 240, 300.0, 300.0, 159.5, 119.5)
T_BIN_CAMERA = look_at((0.02, -0.12, 0.5), (0.0, 0.0, 0.0), (0.0, 1.0, 0.0))
Box = tuple[tuple[float, float, float], tuple[float, float, float]]


def pile(
    boxes: Sequence[Box], size_m: tuple[float, float, float] = (0.3, 0.2, 0.0), noise_m: float = 0.0
) -> tuple[Cloud, Bin, np.ndarray]:
    """(cloud in the camera frame, bin, true labels). boxes: (low corner, high corner) in the bin frame."""
    rays = pixel_rays(CAMERA).astype(np.float64) @ T_BIN_CAMERA[:3, :3].T
    eye = T_BIN_CAMERA[:3, 3]
    depth = -eye[2] / rays[..., 2]
    labels = np.zeros(depth.shape, np.int32)
    for label, (low, high) in enumerate(boxes, start=1):
        with np.errstate(divide="ignore"):
            entry, leave = (np.asarray(low) - eye) / rays, (np.asarray(high) - eye) / rays
        first = np.minimum(entry, leave).max(axis=-1)
        hit = (first < np.maximum(entry, leave).min(axis=-1)) & (first < depth)
        depth[hit], labels[hit] = first[hit], label
    depth += np.random.default_rng(0).normal(0, noise_m, depth.shape) if noise_m else 0.0
    xyz = (pixel_rays(CAMERA) * depth[..., None]).astype(np.float32)
    return Cloud(xyz), Bin(invert(T_BIN_CAMERA), size_m), labels


def moved(cloud: Cloud, bin: Bin, T: np.ndarray) -> tuple[Cloud, Bin]:
    """The same scene in another cloud frame."""
    return (
        Cloud(apply(T, cloud.xyz), viewpoint=apply(T, cloud.viewpoint)),
        Bin(T @ bin.T_cloud_bin, bin.size_m),
    )


def level(labels: IntArray, height_m: float | np.ndarray = 0.01) -> Pieces:
    """Pixels of 1 mm, at this height or each at its own, normals up."""
    v, u = np.mgrid[: labels.shape[0], : labels.shape[1]].astype(np.float32)
    points = np.stack([1e-3 * u, 1e-3 * v, np.full_like(u, height_m)])
    normals = np.zeros_like(points)
    normals[2] = 1.0
    return Pieces(labels, points, normals, np.zeros_like(u), labels > 0)
