"""A symmetry group as an engineer would say it: which axes, and how often round."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from srclib_ros.grasping.symmetry import CONTINUOUS_STEPS, SPHERE_TURNS
from srclib_ros.types import Matrix

_SAME = np.cos(np.deg2rad(4.0))


@dataclass(frozen=True, eq=False)
class SymmetryAxis:
    """direction: (3,) unit, object frame, through the centroid. order: how often round the part looks the same; None
    where it does at any angle."""

    direction: Matrix
    order: int | None

    def __str__(self) -> str:
        x, y, z = np.round(self.direction, 2) + 0.0
        return f"{'continuous' if self.order is None else f'{self.order}-fold'} about ({x:g}, {y:g}, {z:g})"


def symmetry_axes(group: Matrix) -> list[SymmetryAxis]:
    """The axes of a group (G, 4, 4), those with most turns first; none for a part without symmetry or a sphere.

    Of a part that looks the same at any angle and end over end only the axis of revolution is told.
    """
    if len(group) in (1, SPHERE_TURNS):
        return []
    directions: list[Matrix] = []
    turns: list[int] = []
    for rotvec in Rotation.from_matrix(group[1:, :3, :3]).as_rotvec():
        direction = rotvec / np.linalg.norm(rotvec)
        direction = direction * np.sign(direction[np.abs(direction).argmax()])
        for index, known in enumerate(directions):
            if abs(direction @ known) > _SAME:
                turns[index] += 1
                break
        else:
            directions.append(direction)
            turns.append(1)
    order = np.argsort(-np.array(turns), kind="stable")
    if turns[order[0]] + 1 >= CONTINUOUS_STEPS:
        return [SymmetryAxis(directions[order[0]], None)]
    return [SymmetryAxis(directions[index], turns[index] + 1) for index in order]


def symmetry_text(group: Matrix) -> str:
    """In words, for people: the axis with most turns, and how many more there are."""
    if len(group) == 1:
        return "no symmetry"
    if len(group) == SPHERE_TURNS:
        return "the symmetry of a sphere"
    axes = symmetry_axes(group)
    flips = axes[0].order is None and len(group) > CONTINUOUS_STEPS
    more = " and end over end" if flips else f" and {len(axes) - 1} more axes" if len(axes) > 1 else ""
    return f"symmetry {axes[0]}{more}"
