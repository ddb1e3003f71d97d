"""Scenes seen straight from above, their heights given by formula: each point's truth is known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from srclib_ros.types import Bin, Cloud, Scene, Segment

BIN_SIZE_M = (0.36, 0.26, 0.12)
Heights = npt.NDArray[np.float64]


def grid(pitch_m: float = 0.001) -> tuple[Heights, Heights]:
    x = np.arange(-0.175, 0.175, pitch_m)
    y = np.arange(-0.125, 0.125, pitch_m)
    return np.meshgrid(x, y)


def turned(x: Heights, y: Heights, at: tuple[float, float], angle_rad: float) -> tuple[Heights, Heights]:
    """Coordinates in a frame at `at`, turned by `angle_rad`."""
    dx, dy = x - at[0], y - at[1]
    return dx * np.cos(angle_rad) + dy * np.sin(angle_rad), -dx * np.sin(angle_rad) + dy * np.cos(angle_rad)


def block(x: Heights, y: Heights, size_m: tuple[float, float, float]) -> Heights:
    return np.where((np.abs(x) <= size_m[0] / 2) & (np.abs(y) <= size_m[1] / 2), size_m[2], 0.0)


def lying_cylinder(x: Heights, y: Heights, radius_m: float, length_m: float) -> Heights:
    inside = (np.abs(x) <= length_m / 2) & (np.abs(y) < radius_m)
    return np.where(inside, radius_m + np.sqrt(np.maximum(radius_m**2 - y**2, 0)), 0.0)


def ring(x: Heights, y: Heights, inner_m: float, outer_m: float, height_m: float) -> Heights:
    radius = np.hypot(x, y)
    return np.where((radius >= inner_m) & (radius <= outer_m), height_m, 0.0)


def scene_of(
    x: Heights, y: Heights, parts: Sequence[Heights], bin_size_m: tuple[float, float, float] = BIN_SIZE_M
) -> Scene:
    """A scene of a floor and parts; heights of 0 belong to the floor. Labels count from 1."""
    stack = np.stack([np.zeros_like(x), *parts])
    labels = np.argmax(stack, axis=0).astype(np.int32)
    points = np.stack([x, y, stack.max(axis=0)], axis=-1).astype(np.float32)
    normals = np.zeros_like(points)
    normals[..., 2] = 1.0
    segments = tuple(
        Segment(label, np.flatnonzero(labels == label), points[labels == label], normals[labels == label])
        for label in range(1, len(stack))
    )
    cloud = Cloud(points, viewpoint=np.array((0.0, 0.0, 0.8)))
    inside = np.ones(labels.shape, np.bool_)
    return Scene(cloud, Bin(np.eye(4), bin_size_m), points, normals, labels, inside, segments)
