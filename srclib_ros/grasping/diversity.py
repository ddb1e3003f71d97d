"""Few grasps that stand for many: good, far from each other, and equal ones counted once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from srclib_ros.geometry.grasp_frame import FLIP
from srclib_ros.types import Matrix

SAME_GRASP = 0.06
"""Candidates nearer to each other than this share of the diameter are one grasp."""


def grasp_coordinates(T: Matrix, diameter_m: float, turns_freely: bool = False) -> Matrix:
    """(..., 9) coordinates in which Euclidean distance compares grasps: metres, rotation scaled by diameter / 4.

    The last three are the closing axis; a grasp and its flip differ in their sign. turns_freely: the gripper is
    round, so that this axis means nothing: (..., 6).
    """
    lever = diameter_m / 4
    axes = (T[..., :3, 2],) if turns_freely else (T[..., :3, 2], T[..., :3, 1])
    return np.concatenate([T[..., :3, 3], *(lever * axis for axis in axes)], axis=-1)


def diverse(
    T: Matrix, quality: Matrix, group: Matrix, k: int, diameter_m: float, turns_freely: bool = False
) -> npt.NDArray[np.int64]:
    """Indices of at most k grasps: the best, then again and again the one far from all chosen ones and good.

    T: (M, 4, 4) T_object_tcp. quality: (M,). group: (G, 4, 4), the part's symmetries: images of a chosen grasp under
    them are that grasp. turns_freely: so are its turns about the approach, as a round gripper has them; else its flip.
    """
    chosen: list[int] = []
    if len(T) == 0:
        return np.zeros(0, np.int64)
    points = grasp_coordinates(T, diameter_m, turns_freely)
    distance = np.full(len(T), np.inf)
    pick = int(np.argmax(quality))
    while len(chosen) < k:
        chosen.append(pick)
        images = group @ T[pick]
        if not turns_freely:
            images = np.concatenate([images, images @ FLIP])
        distance = np.minimum(distance, _nearest(points, grasp_coordinates(images, diameter_m, turns_freely)))
        worth = np.where(distance > SAME_GRASP * diameter_m, distance * np.sqrt(quality), 0)
        pick = int(np.argmax(worth))
        if worth[pick] <= 0:
            break
    return np.array(chosen)


def _nearest(points: Matrix, images: Matrix) -> Matrix:
    """(M,) distance from each point (M, D) to the nearest image (I, D)."""
    squared = (points**2).sum(axis=1)[:, None] + (images**2).sum(axis=1) - 2 * points @ images.T
    return np.sqrt(np.maximum(squared.min(axis=1), 0))
