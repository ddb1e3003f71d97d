"""Upright boxes on a floor as a pinhole sees them: every ray by formula, so what is hidden is known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from srclib_ros.types import Bin, Cloud, Scene, Segment

Corners = tuple[tuple[float, float, float], tuple[float, float, float]]


def hits(
    viewpoint: npt.NDArray[np.float64], ends: npt.NDArray[np.float64], boxes: Sequence[Corners]
) -> npt.NDArray[np.float64]:
    """(..., B) share of the way from `viewpoint` to `ends` (..., 3) at which each box is entered; inf where missed."""
    way = (ends - viewpoint)[..., None, :]
    low, high = np.moveaxis(np.asarray(boxes), 1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        one, other = (low - viewpoint) / way, (high - viewpoint) / way
    enters, leaves = np.minimum(one, other).max(axis=-1), np.maximum(one, other).min(axis=-1)
    return np.where(enters <= leaves, enters, np.inf)


def scene_of_boxes(viewpoint: Sequence[float], boxes: Sequence[Corners], pitch_m: float = 0.001) -> Scene:
    """One ray to every point of a grid on the floor; boxes are the parts, labelled from 1."""
    eye = np.asarray(viewpoint, np.float64)
    x, y = np.meshgrid(np.arange(-0.175, 0.175, pitch_m), np.arange(-0.125, 0.125, pitch_m))
    floor = np.stack([x, y, np.zeros_like(x)], axis=-1)
    share = np.concatenate([np.ones((*x.shape, 1)), hits(eye, floor, boxes)], axis=-1)
    labels = np.argmin(share, axis=-1).astype(np.int32)
    points = (eye + share.min(axis=-1)[..., None] * (floor - eye)).astype(np.float32)
    normals = np.zeros_like(points)
    normals[..., 2] = 1.0
    segments = tuple(
        Segment(label, np.flatnonzero(labels == label), points[labels == label], normals[labels == label])
        for label in range(1, len(boxes) + 1)
    )
    cloud = Cloud(points, viewpoint=eye)
    return Scene(
        cloud, Bin(np.eye(4), (0.36, 0.26, 0.0)), points, normals, labels, np.ones(x.shape, np.bool_), segments
    )
