"""One suction grasp of one part, tried without dynamics: does the cup seal, and does it carry the lift and the shaking?

Quasi-static after Dex-Net 3.0 (Mahler et al., arXiv 1709.06670): the seal on the true mesh (`suction.seal`), then the
ring contact (`suction.wrench`) under what pulls at the part at every moment of the motion of `trial.GraspTrial`.
Its answers are asked for in the same way, so that labels of both kinds of gripper are made alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from srclib_ros.geometry.inertia import DENSITY_KG_M3, inertia
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.geometry.point_grid import PointGrid
from srclib_ros.geometry.transforms import invert
from srclib_ros.grasping.gripper import Gripper, as_cup
from srclib_ros.grasping.own_surface import dense_surface, own_clearance
from srclib_ros.grasping.suction.seal import LEAKS, Leak, SealTest
from srclib_ros.grasping.suction.wrench import Limit, gives_way, load, margins
from srclib_ros.simulation.trial import REPEATS, START_M, nudged, pulls
from srclib_ros.types import Matrix

STEP_S = 0.01


class SuctionFailure(StrEnum):
    """Why a suction grasp is not stable."""

    STARTS_INSIDE = "the cup's body reaches into the part"
    NO_SEAL = "no seal"
    PULLED_OFF = "pulled off"
    SHEARED = "slid off sideways"
    TWISTED = "turned about the cup's axis"
    PEELED = "peeled off at the lip"


_GIVES_WAY = {
    Limit.PULL: SuctionFailure.PULLED_OFF,
    Limit.SHEAR: SuctionFailure.SHEARED,
    Limit.TWIST: SuctionFailure.TWISTED,
    Limit.PEEL: SuctionFailure.PEELED,
}


@dataclass(frozen=True, eq=False)
class SuctionOutcome:
    """failure: None when the grasp is stable. margin: how many times the load of the worst moment the cup carries, 0
    without a seal. leak: why there is none.
    """

    failure: SuctionFailure | None
    margin: float = 0.0
    leak: Leak | None = None

    @property
    def stable(self) -> bool:
        return self.failure is None

    @property
    def moved_in_hand(self) -> tuple[float, float]:
        """A quasi-static trial moves nothing."""
        return 0.0, 0.0

    @property
    def lifted(self) -> bool:
        """Held in the end: a seal that breaks does not come back."""
        return self.stable


class SuctionTrial:
    """Tries grasps of one part by one cup. Raises GripperError for a gripper that is no cup, MissingDependencyError."""

    def __init__(self, part: PartMesh, gripper: Gripper, density_kg_m3: float = DENSITY_KG_M3) -> None:
        self._cup = as_cup(gripper, "a suction trial")
        self._seal = SealTest(part, self._cup)
        mass = inertia(part)
        self.part_mass_kg, self._centre_object = density_kg_m3 * mass.volume_m3, mass.centre
        surface, _ = dense_surface(part, np.random.default_rng(0))
        self._surface, self._sweep_m = PointGrid(surface, cell_m=0.004), part.diameter_m
        self._upright = _motion(np.array((0.0, 0.0, 1.0)))

    def run(self, T_object_tcp: Matrix, width_m: float = 0.0, down_tcp: Matrix | None = None) -> SuctionOutcome:
        """One trial. width_m: of no meaning to a cup. down_tcp: (3,) unit, where gravity pulls, TCP frame; None: along
        the approach."""
        motion = self._upright if down_tcp is None else _motion(np.asarray(down_tcp, np.float64))
        T = np.asarray(T_object_tcp, np.float64)
        found = self._seal(T[None])
        if found.leak[0] >= 0:
            return SuctionOutcome(SuctionFailure.NO_SEAL, leak=LEAKS[found.leak[0]])
        if own_clearance(self._surface, T[None], np.zeros(1), self._cup, self._sweep_m)[0] < -START_M:
            return SuctionOutcome(SuctionFailure.STARTS_INSIDE)
        centre_tcp = invert(T)[:3] @ np.append(self._centre_object, 1.0) - (0.0, 0.0, found.offset_m[0])
        force, moment = load(self.part_mass_kg, centre_tcp, motion)
        margin = margins(self._cup, force, moment)
        limit = gives_way(margin)
        return SuctionOutcome(None if limit is None else _GIVES_WAY[limit], float(margin.min()))

    def quality(
        self, T_object_tcp: Matrix, width_m: float, rng: np.random.Generator, repeats: int = REPEATS
    ) -> tuple[float, list[SuctionOutcome]]:
        """The share of `repeats` trials that are stable, each with the cup nudged as `GraspTrial.quality` nudges the
        hand, and each trial's outcome."""
        outcomes = [self.run(nudged(T_object_tcp, rng), width_m) for _ in range(repeats)]
        return float(np.mean([outcome.stable for outcome in outcomes])), outcomes


def _motion(down_tcp: Matrix) -> Matrix:
    """(N, 3) m/s^2 that pull at every kilogram of the part, every STEP_S."""
    return np.stack(list(pulls(down_tcp, STEP_S)))
