"""Small parts that no turn leaves as they are, and a describer whose answers are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from support.grasp_parts import boxes

from srclib_ros.embedding.encoder import Descriptors
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.types import FloatArray, Matrix


def angle_plate(name: str = "plate", category: str = "plates", foot_m: float = 0.03) -> PartMesh:
    """A foot of `foot_m` by 30 mm with a web and a rib, each on one side only, so that it has a mirror image."""
    mesh = boxes(
        ((0.0, 0.0, 0.0), (foot_m, 0.03, 0.006)),
        ((0.0, 0.0, 0.006), (0.006, 0.03, 0.03)),
        ((0.006, 0.0, 0.006), (0.02, 0.012, 0.024)),
    )
    return replace(mesh, name=name, category=category)


def moved(part: PartMesh, R: Matrix, name: str) -> PartMesh:
    return replace(part, name=name, vertices=part.vertices @ R.T)


def mirrored(part: PartMesh, name: str) -> PartMesh:
    return replace(part, name=name, vertices=part.vertices * [-1.0, 1.0, 1.0], faces=part.faces[:, ::-1].copy())


class FirstPoint:
    """Describes a cloud by the direction and the distance of its first point."""

    def describe(self, clouds: Sequence[FloatArray]) -> Descriptors:
        first = np.array([cloud[0] for cloud in clouds], np.float32)
        size_m = np.linalg.norm(first, axis=1)
        return Descriptors(first / size_m[:, None], size_m)
