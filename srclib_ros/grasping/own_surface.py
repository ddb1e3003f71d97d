"""The part itself in the gripper's way: its surface in points, and how near the gripper's body comes to it."""

from __future__ import annotations

import numpy as np

from srclib_ros.geometry.mesh import PartMesh, sample_surface, surface_area_m2
from srclib_ros.geometry.point_grid import PointGrid, box_distance
from srclib_ros.grasping.gripper import Gripper
from srclib_ros.types import FloatArray, Matrix

OWN_CLEARANCE_M = 0.003
"""Free space around the body that counts as ample: a jaw's opening on approach and full marks for clearance."""
SURFACE_PITCH_M = 0.0013


def dense_surface(mesh: PartMesh, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Surface points some 1.3 mm apart, and normals."""
    area_m2 = surface_area_m2(mesh.vertices, mesh.faces)
    return sample_surface(mesh, int(np.clip(area_m2 / SURFACE_PITCH_M**2, 4_000, 20_000)), rng)


def own_clearance(grid: PointGrid, T: Matrix, width: Matrix, gripper: Gripper, sweep_m: float) -> Matrix:
    """(M,) metres between the part and the gripper on its whole straight approach; at most OWN_CLEARANCE_M."""
    nearest = np.full(len(T), OWN_CLEARANCE_M)
    for part in chunks(len(T)):
        boxes = gripper.boxes_tcp(gripper.opening_m(width[part], OWN_CLEARANCE_M), sweep_m)
        for body in range(boxes.shape[1]):
            hits = grid.inside(T[part], boxes[:, body], OWN_CLEARANCE_M)
            distance = box_distance(hits.local, boxes[hits.box, body])
            nearest[part] = np.minimum(nearest[part], hits.minimum(distance, len(boxes), OWN_CLEARANCE_M))
    return nearest


def chunks(count: int, size: int = 256) -> list[slice]:
    """Slices of `size` that cover `count` rows, so that what is made for each row fits the cache."""
    return [slice(start, start + size) for start in range(0, count, size)]
