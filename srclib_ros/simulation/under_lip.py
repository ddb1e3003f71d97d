"""What of a pile the lip of a cup comes to lie on, by the parts' true surfaces."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from srclib_ros.errors import MissingDependencyError
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.geometry.transforms import apply
from srclib_ros.grasping.suction.cup import SuctionCup
from srclib_ros.grasping.suction.seal import approach_rays, lip_places
from srclib_ros.types import Matrix


class UnderLip:
    """One cup above parts that lie still. Raises MissingDependencyError without Open3D."""

    def __init__(self, parts: Sequence[PartMesh], T_bin_object: Sequence[Matrix], cup: SuctionCup) -> None:
        try:
            import open3d
        except ImportError as error:
            raise MissingDependencyError("a lip in a pile needs Open3D; pip install 'srclib-ros[sim]'") from error
        self._tensor, self._cup, self._places_m = open3d.core.Tensor, cup, np.concatenate(lip_places(cup))
        self._scene = open3d.t.geometry.RaycastingScene(nthreads=1)
        for part, T in zip(parts, T_bin_object, strict=True):
            self._scene.add_triangles(apply(T, part.vertices).astype(np.float32), part.faces.astype(np.uint32))

    def __call__(self, T_bin_tcp: Matrix) -> list[int]:
        """The parts, numbered as they came, that rays from the lip and from within it meet first along the approach, no
        further than the bellows give way; the one that the lip comes to first is the first."""
        found = self._scene.cast_rays(self._tensor(approach_rays(T_bin_tcp[None], self._places_m, self._cup)))
        depth_m, part = found["t_hit"].numpy()[0] - self._cup.bellows_m, found["geometry_ids"].numpy()[0]
        order = np.argsort(depth_m, kind="stable")
        return list(dict.fromkeys(part[order[depth_m[order] <= self._cup.gives_way_m]].tolist()))
