"""Grasp candidates of a part from its mesh, for any gripper: what it can hold, few and diverse.

The way of Kleeberger et al. (arXiv 2104.11660) for automatic grasp poses: sample grasps on the surface, keep those that
hold and at which the gripper's body does not hit the part, and choose a small diverse set; equal grasps of symmetric
parts are counted once.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from srclib_ros.geometry.inertia import DENSITY_KG_M3
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.grasping.above_floor import reach_between
from srclib_ros.grasping.antipodal import antipodal_candidates
from srclib_ros.grasping.diversity import diverse
from srclib_ros.grasping.gripper import Gripper
from srclib_ros.grasping.suction.candidates import suction_candidates
from srclib_ros.grasping.suction.cup import SuctionCup
from srclib_ros.types import Matrix


@dataclass(frozen=True, eq=False)
class GraspCandidates:
    """K grasps of one part by one gripper, best first.

    T_object_tcp: (K, 4, 4) float64. width_m: (K,) between the contacts, 0 for suction. quality: (K,) in [0, 1].
    moved_in_hand: (K, 2) how far the part moves, metres, and turns, radians, in the hand as that closes and lifts it;
    (0, 2) where nobody tried. reach_m: (K,) how far the part reaches up between the pads, see `above_floor`; not given,
    zeros, and they are not drawn back from a floor. symmetry: (G, 4, 4) rigid motions that leave the part as it is;
    each candidate stands for all its images `symmetry[g] @ T_object_tcp[k]`, and for their flips, or for all their
    turns about the approach when the gripper is round.
    """

    T_object_tcp: Matrix
    width_m: Matrix
    quality: Matrix
    gripper: str
    symmetry: Matrix = field(default_factory=lambda: np.eye(4)[None])
    moved_in_hand: Matrix = field(default_factory=lambda: np.zeros((0, 2)))
    reach_m: Matrix = None  # type: ignore[assignment]  # zeros

    def __post_init__(self) -> None:
        if self.reach_m is None:
            object.__setattr__(self, "reach_m", np.zeros(len(self)))

    def __len__(self) -> int:
        return len(self.width_m)


def generate_candidates(
    mesh: PartMesh,
    gripper: Gripper,
    rng: np.random.Generator,
    k: int = 48,
    symmetry: Matrix | None = None,
    density_kg_m3: float = DENSITY_KG_M3,
) -> GraspCandidates:
    """At most `k` diverse grasps of a mesh, best first; fewer, or none, where the gripper fits fewer.

    symmetry: (G, 4, 4) the part's symmetry group in the object frame, None for the identity alone. density_kg_m3: of
    the part, which a suction cup must carry. Same seed, same candidates.
    """
    group = np.eye(4)[None] if symmetry is None else np.asarray(symmetry, np.float64)
    if isinstance(gripper, SuctionCup):
        T, width, quality = suction_candidates(mesh, gripper, rng, density_kg_m3)
    else:
        T, width, quality = antipodal_candidates(mesh, gripper, rng)
    chosen = diverse(T, quality, group, k, mesh.diameter_m, gripper.turns_freely)
    chosen = chosen[np.argsort(-quality[chosen], kind="stable")]
    T, width = T[chosen], width[chosen]
    reach_m = reach_between(mesh, T, width)
    return GraspCandidates(T, width, quality[chosen], gripper.name, group, reach_m=reach_m)
