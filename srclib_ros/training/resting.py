"""How a part lies in a bin among its like, and which grasps are free there."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from srclib_ros.errors import SimulationError
from srclib_ros.geometry.mesh import PartMesh, sample_surface
from srclib_ros.geometry.transforms import apply
from srclib_ros.grasping.candidates import GraspCandidates
from srclib_ros.grasping.gripper import Gripper
from srclib_ros.simulation.cell import BIN_SIZE_M, copies_in_bin
from srclib_ros.simulation.pile import BinPhysics
from srclib_ros.training.grasp_labels import candidate_qualities
from srclib_ros.types import FloatArray

PILES = 4
SURFACE_POINTS = 1200


def freeness(
    mesh: PartMesh, candidates: GraspCandidates, gripper: Gripper, rng: np.random.Generator, piles: int | None = None
) -> FloatArray:
    """(I, K) in [0, 1]: how freely the gripper gets to each candidate of each of the I parts in `piles` (PILES), times
    the candidate's own quality. Raises MissingDependencyError, and SimulationError where no pile comes to rest."""
    physics = BinPhysics([mesh] * copies_in_bin(mesh), BIN_SIZE_M)
    surface, _ = sample_surface(mesh, SURFACE_POINTS, rng)
    rated = []
    for _ in range(piles or PILES):
        try:
            T_bin_object = np.array([T for _, T in physics.drop(rng)]).reshape(-1, 4, 4)
        except SimulationError:
            continue
        if len(T_bin_object):
            surfaces = [apply(T, surface) for T in T_bin_object]
            everyone = list(range(len(surfaces)))
            rated.append(candidate_qualities(candidates, T_bin_object, surfaces, everyone, gripper, BIN_SIZE_M))
    if not rated:
        raise SimulationError(f"{mesh.name}: no pile of it comes to rest; check the mesh")
    return np.concatenate(rated)


def most_useful(free: FloatArray, k: int, least: float = 1e-3) -> npt.NDArray[np.int64]:
    """At most `k` columns of free (I, K), the most useful first: each is the one that adds most to the share of parts
    that have a free grasp, as if whether one is free said nothing of another. Ends where none adds `least`."""
    missing = np.ones(len(free))
    chosen: list[int] = []
    while len(chosen) < min(k, free.shape[1]):
        adds = missing @ free / max(len(free), 1)
        adds[chosen] = 0.0
        best = int(np.argmax(adds))
        if adds[best] < least:
            break
        chosen.append(best)
        missing = missing * (1.0 - free[:, best])
    return np.array(chosen, np.int64)
