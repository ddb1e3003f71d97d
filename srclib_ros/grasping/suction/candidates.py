"""Suction grasps of a part from its mesh: sealed, strong enough to lift it, clear of the part.

Surface samples with the approach along the inward normal, seated on what the lip would sit on.
The quality is spare seal x share of seals a little to the side x spare strength x clearance.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from srclib_ros.geometry.grasp_frame import tcp_pose
from srclib_ros.geometry.inertia import DENSITY_KG_M3, inertia
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.geometry.point_grid import PointGrid
from srclib_ros.grasping.own_surface import OWN_CLEARANCE_M, dense_surface, own_clearance
from srclib_ros.grasping.suction.cup import SuctionCup
from srclib_ros.grasping.suction.seal import Seals, SealTest
from srclib_ros.grasping.suction.wrench import accelerations, load, margins, wrench_quality
from srclib_ros.types import Matrix

SAMPLES = 2_000
SEATINGS = 2
"""How often the cup is moved and turned onto what its lip would sit on."""
SHIFT_M = 0.001
MAX_TILT_RAD = 0.7
AZIMUTHS = 8
"""Directions in which gravity may pull, seen from the cup: straight down, and so far from it all around."""


def suction_candidates(
    mesh: PartMesh, cup: SuctionCup, rng: np.random.Generator, density_kg_m3: float = DENSITY_KG_M3
) -> tuple[Matrix, Matrix, Matrix]:
    """T_object_tcp (M, 4, 4), width_m (M,) of zeros and quality (M,) in [0, 1] of all that were found, in no order.

    Raises MissingDependencyError without Open3D.
    """
    surface, normals = dense_surface(mesh, rng)
    test = SealTest(mesh, cup)
    start = np.sort(rng.choice(len(surface), min(SAMPLES, len(surface)), replace=False))
    T, seals = _seated(_on_surface(surface[start], -normals[start]), test)
    T, spare = T[seals.sealed], seals.spare[seals.sealed]
    quality = spare * wrench_quality(lifting_margin(T, mesh, cup, density_kg_m3))
    T, quality = T[quality > 0], quality[quality > 0]
    quality *= _seal_nearby(T, test)
    clearance = own_clearance(PointGrid(surface, cell_m=0.004), T, np.zeros(len(T)), cup, mesh.diameter_m)
    quality *= np.clip(clearance / OWN_CLEARANCE_M, 0, 1)
    free = clearance > 0
    return T[free], np.zeros(int(free.sum())), quality[free]


def lifting_margin(T_object_tcp: Matrix, mesh: PartMesh, cup: SuctionCup, density_kg_m3: float) -> Matrix:
    """(M,) how many times the part's weight each cup lifts and moves, in the worst of the tilts up to MAX_TILT_RAD."""
    mass = inertia(mesh)
    R = T_object_tcp[:, :3, :3]
    centre_tcp = np.einsum("mji,mj->mi", R, mass.centre - T_object_tcp[:, :3, 3])
    azimuth = 2 * np.pi * np.arange(AZIMUTHS) / AZIMUTHS
    tilted = np.stack([np.cos(azimuth), np.sin(azimuth), np.full(AZIMUTHS, 1 / np.tan(MAX_TILT_RAD))], axis=1)
    down = np.concatenate([[(0.0, 0.0, 1.0)], tilted])
    pulls = accelerations(down / np.linalg.norm(down, axis=1, keepdims=True)).reshape(-1, 3)
    force, moment = load(density_kg_m3 * mass.volume_m3, centre_tcp[:, None], pulls)
    return margins(cup, np.broadcast_to(force, moment.shape), moment).min(axis=(1, 2))


def _seal_nearby(T: Matrix, test: SealTest) -> Matrix:
    """(M,) share of the places SHIFT_M to either side, and of the place itself, at which the cup seals."""
    shifts = np.tile(np.eye(4), (5, 1, 1))
    shifts[1:, :2, 3] = SHIFT_M * np.array(((1, 0), (-1, 0), (0, 1), (0, -1)))
    return test((T[:, None] @ shifts).reshape(-1, 4, 4)).sealed.reshape(-1, 5).mean(axis=1)


def _on_surface(origin: npt.NDArray[Any], approach: npt.NDArray[Any]) -> Matrix:
    """TCP frames (M, 4, 4) of cups at `origin` (M, 3) along `approach` (M, 3), turned about it as it comes."""
    approach = approach.astype(np.float64)
    return tcp_pose(origin.astype(np.float64), approach, np.eye(3)[np.argmin(np.abs(approach), axis=1)])


def _seated(T: Matrix, test: SealTest) -> tuple[Matrix, Seals]:
    """The cups (M, 4, 4) whose lip is on the part, brought square to the plane under their lips, and their seals."""
    seals = test(T)
    for _ in range(SEATINGS):
        T, offset_m, normal = (v[np.isfinite(seals.offset_m)] for v in (T, seals.offset_m, seals.normal_object))
        T = _on_surface(T[:, :3, 3] + offset_m[:, None] * T[:, :3, 2], -normal)
        seals = test(T)
    return T, seals
