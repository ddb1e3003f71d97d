"""How deep boxes reach into parts, by the parts' true surface.

The convex pieces that physics works with fill up hollows, of a flange around its hub by more than a millimetre. That is
little to a part that rests or is held, but decides whether an open hand passes beside it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from srclib_ros.geometry.mesh import PartMesh, sample_surface, surface_area_m2
from srclib_ros.geometry.transforms import apply
from srclib_ros.types import FloatArray, Matrix

POINTS_PER_M2 = 4e6  # one every half millimetre
LEAST_POINTS, MOST_POINTS = 2_000, 200_000


class SurfaceDepth:
    """Points on the surface of parts, drawn when first asked for; parts that are the same object share them."""

    def __init__(self, parts: Sequence[PartMesh]) -> None:
        self._parts = tuple(parts)
        self._points: dict[int, FloatArray] = {}

    def depth_m(self, part: int, T_box_object: Matrix, boxes: Matrix) -> float:
        """How far the surface of a part reaches into the deepest of `boxes` (B, 2, 3), lower and upper corners."""
        points = apply(T_box_object, self._points_of(self._parts[part]))
        near = points[((points > boxes[:, 0].min(axis=0)) & (points < boxes[:, 1].max(axis=0))).all(axis=1)]
        if not len(near):
            return 0.0
        inside = np.minimum(near - boxes[:, None, 0], boxes[:, None, 1] - near).min(axis=2)
        return float(max(0.0, inside.max()))

    def _points_of(self, part: PartMesh) -> FloatArray:
        if id(part) not in self._points:
            area_m2 = surface_area_m2(part.vertices, part.faces)
            count = int(np.clip(POINTS_PER_M2 * area_m2, LEAST_POINTS, MOST_POINTS))
            drawn, _ = sample_surface(part, count, np.random.default_rng(0))
            self._points[id(part)] = np.concatenate([drawn, part.vertices.astype(np.float32)])
        return self._points[id(part)]
