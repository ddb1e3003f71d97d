"""Grasp candidates that physics vouches for: what the labels of a grasp network rest on.

Each candidate is tried by itself, several times, the hand a little elsewhere each time. Its quality is the share of
trials in which the part stays where the gripper took it; one that mostly fails is no candidate. Tried once a part: in
a pile only what is in the gripper's way is new.

Tried, and then kept, is first what is free where the part lies in piles, then what is unlike all that.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.grasping.candidates import GraspCandidates, generate_candidates
from srclib_ros.grasping.diversity import diverse
from srclib_ros.grasping.gripper import Gripper
from srclib_ros.simulation.suction_trial import SuctionTrial
from srclib_ros.simulation.trial import REPEATS, GraspTrial, nudged
from srclib_ros.simulation.trials import trial_for
from srclib_ros.training.progress import Progress, silent
from srclib_ros.training.resting import freeness, most_useful
from srclib_ros.types import FloatArray, Matrix

POOL, TRIED = 240, 96
USEFUL = 0.75
"""Share that is chosen for being free in piles; the rest for being unlike."""
LEAST = 0.5
HOPELESS = REPEATS - math.ceil(LEAST * REPEATS) + 1  # failures after which the rest would not reach `LEAST`


def candidates_that_hold(
    mesh: PartMesh,
    gripper: Gripper,
    rng: np.random.Generator,
    k: int,
    symmetry: Matrix,
    progress: Progress = silent,
) -> GraspCandidates:
    """At most `k` diverse grasps of a mesh whose quality, the share of trials that are stable, is `LEAST` or more;
    fewer, or none, where fewer hold. See `generate_candidates`.

    Raises MissingDependencyError, SimulationError.
    """
    found = generate_candidates(mesh, gripper, rng, POOL, symmetry)
    if not len(found):
        return found
    free = freeness(mesh, replace(found, quality=np.ones(len(found))), gripper, rng)
    rows = _chosen(found, free, max(TRIED, k), mesh.diameter_m, gripper)
    trial = trial_for(mesh, gripper)
    tried = [
        _tried(trial, found.T_object_tcp[row], float(found.width_m[row]), rng)
        for row in progress(rows.tolist(), total=len(rows), label=f"{mesh.name}: grasps tried")
    ]
    quality = np.array([share for share, _ in tried])
    moved = np.array([by for _, by in tried]).reshape(-1, 2)
    holding = np.flatnonzero(quality >= LEAST)
    rows, quality, moved = rows[holding], quality[holding], moved[holding]
    held = GraspCandidates(
        found.T_object_tcp[rows], found.width_m[rows], quality, gripper.name, symmetry, moved, found.reach_m[rows]
    )
    kept = _chosen(held, free[:, rows] * quality, k, mesh.diameter_m, gripper)
    kept = kept[np.argsort(-quality[kept], kind="stable")]
    return GraspCandidates(
        held.T_object_tcp[kept],
        held.width_m[kept],
        quality[kept],
        gripper.name,
        symmetry,
        moved[kept],
        held.reach_m[kept],
    )


def _chosen(
    candidates: GraspCandidates, free: FloatArray, k: int, diameter_m: float, gripper: Gripper
) -> npt.NDArray[np.int64]:
    """At most `k` of the candidates, best first: the most useful of them, then those that are unlike."""
    useful = most_useful(free, round(USEFUL * k))
    unlike = diverse(
        candidates.T_object_tcp, candidates.quality, candidates.symmetry, k, diameter_m, gripper.turns_freely
    )
    return np.concatenate([useful, unlike[~np.isin(unlike, useful)]])[:k]


def _tried(
    trial: GraspTrial | SuctionTrial, T_object_tcp: Matrix, width_m: float, rng: np.random.Generator
) -> tuple[float, tuple[float, float]]:
    """The share of trials that are stable, and the medians of how far the part moved (m) and turned (rad) in them. What
    cannot reach `LEAST` any more is not tried to the end."""
    moved: list[tuple[float, float]] = []
    for number in range(REPEATS):
        outcome = trial.run(nudged(T_object_tcp, rng), width_m)
        if outcome.stable:
            moved.append(outcome.moved_in_hand)
        elif number + 1 - len(moved) == HOPELESS:
            break
    if not moved:
        return 0.0, (0.0, 0.0)
    far_m, turn_rad = np.median(moved, axis=0)
    return len(moved) / REPEATS, (float(far_m), float(turn_rad))
