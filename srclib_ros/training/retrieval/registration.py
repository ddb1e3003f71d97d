"""How far two surfaces lie apart once one is laid onto the other as well as it goes.

Poses from the principal axes, refined by point-to-plane ICP (Chen and Medioni 1992; Besl and McKay 1992). Only proper
rotations: a part and its mirror image stay two parts.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from srclib_ros.geometry.mesh import PartMesh, sample_surface
from srclib_ros.training.descriptors.describer import rms_radius
from srclib_ros.types import FloatArray, IntArray, Matrix

SAMPLES = 2048
COARSE, FINE, LAST = 96, 384, 1024  # points that judge first poses, refine the best, and measure the result
BEST = 6
HOPELESS = 2.0  # times too far in the best first pose: refining gains a factor of 1.8 at most (measured)
ROUNDS = 12
ALIKE = 0.9  # two principal widths nearer than this ratio leave the angle about the third axis open
SPIN_RAD = np.pi / 8.0


@dataclass(frozen=True, eq=False)
class Surface:
    """A part's surface about its centroid.

    points: (2048, 3) float32, evenly over the surface. axes: (3, 3), principal axes as columns, right-handed, longest
    first. widths: (3,), root mean square lengths along them. vertices (V, 3), faces (F, 3): the mesh in that frame.
    unit_m: length of the unit that all these are in.
    """

    points: FloatArray
    axes: Matrix
    widths: Matrix
    vertices: FloatArray
    faces: IntArray
    unit_m: float

    @property
    def radius(self) -> float:
        """Root mean square distance to the centroid."""
        return float(np.linalg.norm(self.widths))

    @cached_property
    def profile(self) -> Matrix:
        """What no turn changes: the three widths, and the distances to the centroid at nine quantiles."""
        radii = np.linalg.norm(self.points, axis=1)
        return np.concatenate([self.widths, np.quantile(radii, np.linspace(0.1, 0.9, 9))])

    @cached_property
    def scene(self) -> Any:
        import open3d as o3d

        scene = o3d.t.geometry.RaycastingScene(nthreads=1)
        scene.add_triangles(o3d.core.Tensor(self.vertices), o3d.core.Tensor(self.faces.astype(np.uint32)))
        return scene

    def closest(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        """For points (..., 3) the nearest points of this surface and the normals there, both (..., 3)."""
        import open3d as o3d

        found = self.scene.compute_closest_points(o3d.core.Tensor(np.ascontiguousarray(points, np.float32)))
        return found["points"].numpy(), found["primitive_normals"].numpy()

    def distance_to(self, points: FloatArray) -> FloatArray:
        """(...) distance of points (..., 3) to this surface."""
        nearest, _ = self.closest(points)
        distance: FloatArray = np.linalg.norm(nearest - points, axis=-1)
        return distance


def surface_of(part: PartMesh, rng: np.random.Generator, unit_size: bool = False) -> Surface:
    """In metres; with `unit_size`, in root mean square radii of the part."""
    points, _ = sample_surface(part, SAMPLES, rng)
    centre = points.mean(axis=0, dtype=np.float64)
    points, vertices = points - centre, part.vertices - centre
    unit_m = rms_radius(points) if unit_size else 1.0
    points, vertices = points / unit_m, vertices / unit_m
    squares, axes = np.linalg.eigh(points.T @ points / len(points))
    axes = axes[:, ::-1].copy()
    axes[:, 2] *= np.sign(np.linalg.det(axes))
    widths = np.sqrt(np.maximum(squares[::-1], 0.0))
    return Surface(points.astype(np.float32), axes, widths, vertices.astype(np.float32), part.faces, unit_m)


def registered_distance(a: Surface, b: Surface, at_most: float = np.inf) -> float:
    """Symmetric Chamfer distance after registration, in the surfaces' unit.

    Half the sum of the mean distances of a's points to b's surface and of b's points to a's surface. Points are
    measured against triangles, not against points, so that equal surfaces are 0 apart however they were sampled.
    at_most: what lies farther apart than twice this in its best first pose is not refined, and infinitely far.
    """
    poses = first_poses(a, b)
    moved = np.einsum("kij,nj->kni", poses, a.points[:COARSE])
    at_first = b.distance_to(moved).mean(axis=1)
    if at_first.min() > HOPELESS * at_most:
        return np.inf
    best = np.argsort(at_first)[:BEST]
    R, t = _refined(a.points[:FINE].astype(np.float64), b, poses[best])
    onto_b = np.einsum("kij,nj->kni", R, a.points[:LAST]) + t[:, None]
    onto_a = np.einsum("kji,knj->kni", R, b.points[:LAST] - t[:, None])
    apart = 0.5 * (b.distance_to(onto_b).mean(axis=1) + a.distance_to(onto_a).mean(axis=1))
    return float(apart.min())


def first_poses(a: Surface, b: Surface) -> Matrix:
    """(K, 3, 3) rotations of a onto b that lay principal axis upon principal axis, whichever and whichever way; about
    an axis whose two others are alike, at every 22.5 degrees as well."""
    turns = [_CUBE_ROTATIONS]
    for axis in range(3):
        others = np.delete(b.widths, axis)
        if others.min() > ALIKE * others.max():
            spins = np.arange(SPIN_RAD, np.pi / 2.0 - 1e-6, SPIN_RAD)  # a quarter turn is in the others already
            spin = Rotation.from_rotvec(np.outer(spins, np.eye(3)[axis])).as_matrix()
            turns.append((spin[:, None] @ _CUBE_ROTATIONS).reshape(-1, 3, 3))
    poses: Matrix = b.axes @ np.concatenate(turns) @ a.axes.T
    return poses


def _refined(points: Matrix, b: Surface, R: Matrix) -> tuple[Matrix, Matrix]:
    """Rotations (K, 3, 3) and translations (K, 3) that lay points (N, 3) onto b, from K first rotations.

    Each round solves (p + w x p + u - q) . n = 0 for w and u by least squares, slightly damped: what slides without
    a change, as a cylinder about its axis, stays where it is.
    """
    t = np.zeros((len(R), 3))
    for _ in range(ROUNDS):
        p = np.einsum("kij,nj->kni", R, points) + t[:, None]
        q, n = b.closest(p.astype(np.float32))
        rows = np.concatenate([np.cross(p, n) / b.radius, n], axis=2)  # w in units that weigh as u does
        residual = np.einsum("kni,kni->kn", q - p, n)
        normal = np.einsum("kni,knj->kij", rows, rows) + 1e-3 * len(points) * np.eye(6)
        step = np.linalg.solve(normal, np.einsum("kni,kn->ki", rows, residual)[..., None])[..., 0]
        turn = Rotation.from_rotvec(step[:, :3] / b.radius).as_matrix()
        R, t = turn @ R, np.einsum("kij,kj->ki", turn, t) + step[:, 3:]
    return R, t


def _cube_rotations() -> npt.NDArray[np.float64]:
    turns = []
    for order in itertools.permutations(range(3)):
        for signs in itertools.product((1.0, -1.0), repeat=3):
            turn = np.eye(3)[list(order)] * np.array(signs)[:, None]
            if np.linalg.det(turn) > 0.0:
                turns.append(turn)
    return np.array(turns)


_CUBE_ROTATIONS = _cube_rotations()
