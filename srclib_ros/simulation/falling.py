"""Which parts of any set can be dropped into the bin, and as what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from scipy.spatial import ConvexHull, QhullError

from srclib_ros.errors import SimulationError
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.simulation.cell import BIN_SIZE_M
from srclib_ros.simulation.pile import BinPhysics

SMALLEST_M, LARGEST_M = 0.02, 0.2  # longest edge of the bounding box of parts that such a cell picks


@dataclass
class Falling:
    """bodies: what falls for each part, by its row: the part, or its convex hull where the mesh is not closed or cannot
    be cut into convex pieces.

    as_hull: how many fall as their hull. too_small, too_large: outside `SMALLEST_M` to `LARGEST_M`. without_physics:
    not even their hull can be dropped.
    """

    bodies: dict[int, PartMesh] = field(default_factory=dict)
    as_hull: int = 0
    too_small: int = 0
    too_large: int = 0
    without_physics: int = 0


def falling(parts: Iterable[PartMesh]) -> Falling:
    """What physics drops of these parts. Raises MissingDependencyError when MuJoCo lacks."""
    found = Falling()
    for row, part in enumerate(parts):
        longest_m = float(part.extents_m.max())
        if longest_m < SMALLEST_M:
            found.too_small += 1
        elif longest_m > LARGEST_M:
            found.too_large += 1
        elif part.watertight and _can_fall(part):
            found.bodies[row] = part
        else:
            hull = _hull(part)
            if hull is not None and _can_fall(hull):
                found.bodies[row] = hull
                found.as_hull += 1
            else:
                found.without_physics += 1
    return found


def _can_fall(part: PartMesh) -> bool:
    try:
        BinPhysics([part], BIN_SIZE_M)
    except (SimulationError, QhullError, RuntimeError):  # a flat hull; a solid that cannot be cut
        return False
    return True


def _hull(part: PartMesh) -> PartMesh | None:
    """The convex hull, in the same frame, its faces seen from outside; None when the part is flat."""
    try:
        hull = ConvexHull(part.vertices)
    except QhullError:
        return None
    faces = hull.simplices.copy()
    corners = part.vertices[faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    inward = np.einsum("ij,ij->i", normals, hull.equations[:, :3]) < 0.0
    faces[inward] = faces[inward, ::-1]
    used, renumbered = np.unique(faces, return_inverse=True)
    return PartMesh(part.name, part.category, part.vertices[used], renumbered.reshape(faces.shape).astype(np.int32))
