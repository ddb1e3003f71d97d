"""Does a cup's lip close on a mesh all around? Rays along the approach tell what lies under it.

After the compliant cup of Dex-Net 3.0 (Mahler et al., arXiv 1709.06670, section IV-A): the cup is projected onto the
surface along its axis, there is no seal where a part of the ring meets no surface or the surface has a hole within the
ring, and none where the ring must deform too much. Dex-Net bounds the strain of every spring of the cup by 10 %; here
the ring's length is bounded so, and the other limits are a cup maker's: tilt and unevenness.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from srclib_ros.errors import MissingDependencyError
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.grasping.suction.cup import SuctionCup
from srclib_ros.types import FloatArray, Matrix

RING_RAYS = 32
LIP = 0.85, 1.0
"""Radii of the two rings on which the lip sits, in radii of the cup; the second is turned by half a step."""
INNER = (0.0, 1), (0.2, 6), (0.4, 12), (0.6, 18), (0.75, 24)
"""Rings within the lip under which there must be something: radius in radii of the cup, rays."""
MAX_SLOPE_RAD = np.deg2rad(30.0)
"""Between the surface under the lip and what a cup sits on square to."""
MAX_STRETCH = 0.10
DEEPEST = 1.0
"""In radii of the cup: what lies further below the lip does not close a hole, which may lead anywhere."""
AT_ONCE = 512


class Leak(StrEnum):
    """Why a cup does not seal, in the order in which it is looked for."""

    OFF_THE_PART = "the lip reaches over the edge or a hole"
    HOLE = "a hole within the lip"
    STEEP = "the surface under the lip is too steep"
    TILTED = "the cup is tilted against the surface"
    UNEVEN = "the surface under the lip is too uneven"
    STRETCHED = "the lip would be stretched"
    FAR = "the bellows do not reach the surface, or are crushed"


LEAKS = tuple(Leak)


@dataclass(frozen=True, eq=False)
class Seals:
    """What was found under each of M cups.

    leak: (M,) int, index into LEAKS of the first reason, -1 where it seals. spare: (M,) in [0, 1], the least share left
    of any limit, 0 where it leaks. offset_m: (M,) along the approach from the TCP to the middle of the plane through
    what the lip sits on. normal_object: (M, 3) of that plane, out of the part. Both NaN where the lip is off the part.
    """

    leak: npt.NDArray[np.int64]
    spare: Matrix
    offset_m: Matrix
    normal_object: Matrix

    @property
    def sealed(self) -> npt.NDArray[np.bool_]:
        return self.leak < 0


class SealTest:
    """One cup on one part, any number of poses. Raises MissingDependencyError without Open3D."""

    def __init__(self, part: PartMesh, cup: SuctionCup) -> None:
        try:
            import open3d
        except ImportError as error:
            raise MissingDependencyError("a seal on a mesh needs Open3D; pip install 'srclib-ros[sim]'") from error
        self._scene = open3d.t.geometry.RaycastingScene(nthreads=1)
        self._scene.add_triangles(part.vertices.astype(np.float32), part.faces.astype(np.uint32))
        self._cup = cup
        self._lip_m, self._inner_m = lip_places(cup)
        self._fit = np.linalg.pinv(np.column_stack([self._lip_m, np.ones(len(self._lip_m))]))

    def __call__(self, T_object_tcp: Matrix) -> Seals:
        """T_object_tcp: (M, 4, 4)."""
        parts = [self._some(T_object_tcp[start : start + AT_ONCE]) for start in range(0, len(T_object_tcp), AT_ONCE)]
        if not parts:
            return Seals(np.zeros(0, np.int64), np.zeros(0), np.zeros(0), np.zeros((0, 3)))
        return Seals(*(np.concatenate([getattr(part, item.name) for part in parts]) for item in fields(Seals)))

    def _some(self, T: Matrix) -> Seals:
        cup, lips = self._cup, len(self._lip_m)
        depth, cosine = self._cast(T, np.concatenate([self._lip_m, self._inner_m]))
        lip, inner = depth[:, :lips], depth[:, lips:]
        on_part = np.isfinite(lip.max(axis=1))
        with np.errstate(invalid="ignore"):
            plane = np.where(on_part[:, None], lip, 0.0) @ self._fit.T
            plane[~on_part] = np.nan
            rest = lip - plane[:, :2] @ self._lip_m.T - plane[:, 2:]
            steepness = 1 / np.sqrt(1 + (plane[:, :2] ** 2).sum(axis=1))
            used = np.stack(
                [
                    np.where(on_part, 0.0, np.inf),
                    np.where((inner < plane[:, 2:] + DEEPEST * cup.radius_m).all(axis=1), 0.0, np.inf),
                    np.arccos(np.clip(cosine[:, :lips].min(axis=1), -1, 1)) / MAX_SLOPE_RAD,
                    np.arccos(steepness) / cup.lip_tilt_rad,
                    np.ptp(rest, axis=1) / cup.lip_gap_m,
                    np.abs(self._ring_length(lip) - 1) / MAX_STRETCH,
                    np.abs(plane[:, 2]) / cup.gives_way_m,
                ],
                axis=1,
            )
        used = np.where(np.isfinite(used), used, np.inf)
        leaks: npt.NDArray[np.bool_] = np.greater(used, 1.0 + 1e-9)
        outward = np.column_stack([plane[:, :2], -np.ones(len(T))]) * steepness[:, None]
        return Seals(
            leak=np.where(leaks.any(axis=1), leaks.argmax(axis=1), -1),
            spare=np.clip(1 - used.max(axis=1), 0, 1),
            offset_m=plane[:, 2],
            normal_object=np.einsum("mij,mj->mi", T[:, :3, :3], outward),
        )

    def _cast(self, T: Matrix, ends_m: Matrix) -> tuple[Matrix, Matrix]:
        """Depth (M, R) along the approach below the TCP at places (R, 2) beside it, inf where there is nothing, and the
        cosine (M, R) between the approach and the way into the surface there; -1 from the back of a surface."""
        import open3d

        found = self._scene.cast_rays(open3d.core.Tensor(approach_rays(T, ends_m, self._cup)))
        depth = found["t_hit"].numpy().astype(np.float64) - self._cup.bellows_m
        return depth, -(found["primitive_normals"].numpy() * T[:, None, :3, 2]).sum(axis=2)

    def _ring_length(self, depth: Matrix) -> Matrix:
        """(M,) length of the outer ring laid onto the surface, over that of the ring in its plane."""
        ring, depth = self._lip_m[-RING_RAYS:], depth[:, -RING_RAYS:]
        flat = np.linalg.norm(ring - np.roll(ring, 1, axis=0), axis=1)
        return np.hypot(flat, depth - np.roll(depth, 1, axis=1)).sum(axis=1) / flat.sum()


def lip_places(cup: SuctionCup) -> tuple[Matrix, Matrix]:
    """(2 RING_RAYS, 2) on the lip and (R, 2) within it, metres from the cup's axis, the lip's outer ring last."""
    radius, angle = _lip_rays()
    lip = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return cup.radius_m * lip, cup.radius_m * _inner_rays()


def approach_rays(T: Matrix, places_m: Matrix, cup: SuctionCup) -> FloatArray:
    """(M, R, 6) origin and direction of rays along the approach of cups at poses (M, 4, 4), through places (R, 2)
    beside the axis, in the frame of the poses.

    They start where the bellows end: what stands higher than that is in the way of the cup's body.
    """
    starts = np.column_stack([places_m, np.full(len(places_m), -cup.bellows_m)])
    origin = np.matmul(starts, np.swapaxes(T[:, :3, :3], 1, 2)) + T[:, None, :3, 3]
    direction = np.broadcast_to(T[:, None, :3, 2], origin.shape)
    return np.concatenate([origin, direction], axis=2).astype(np.float32)


def _lip_rays() -> tuple[Matrix, Matrix]:
    """Radius and angle (2 RING_RAYS,) of the rays of both rings of the lip, the outer ring last."""
    step = 2 * np.pi / RING_RAYS
    angle = step * np.arange(RING_RAYS)
    return np.repeat(LIP, RING_RAYS), np.concatenate([angle + step / 2, angle])


def _inner_rays() -> Matrix:
    """(R, 2) within the lip, in radii of the cup."""
    rings = []
    for radius, count in INNER:
        angle = 2 * np.pi * (np.arange(count) + 0.5) / count
        rings.append(radius * np.stack([np.cos(angle), np.sin(angle)], axis=1))
    return np.concatenate(rings)
