"""One grasp of one part, tried in physics: close, lift, hold, shake. Does the part stay where the fingers took it?

`stable` is the label that two engines agree on, most of all where trials that differ a little are unanimous. A part
that is merely still between the fingers in the end may have slid or pivoted, and on that engines differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
from scipy.spatial.transform import Rotation

from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.geometry.transforms import invert
from srclib_ros.grasping.gripper import Gripper
from srclib_ros.simulation.hand import Hand
from srclib_ros.simulation.motion import hand_accelerations
from srclib_ros.simulation.mujoco_bodies import DENSITY_KG_M3
from srclib_ros.types import Matrix

G_M_S2 = 9.81
OPEN_M = 0.003  # to either side of the part on the way in
CLOSE_S, STILL_M_S = 0.6, 0.002
TAKE_S = 0.1  # in which the hand takes over the part's weight
SLIP_M, TURN_RAD = 0.002, np.deg2rad(5.0)  # still stable
START_M = 0.0005  # the part may reach so far into the open hand
SHIFT_M, TILT_RAD, REPEATS = 0.0005, np.deg2rad(1.0), 7


class TrialFailure(StrEnum):
    """Why a grasp is not stable."""

    STARTS_INSIDE = "the open hand reaches into the part"
    MISSED = "the fingers closed on nothing"
    DROPPED = "fell out of the hand"
    SLIPPED = "slid in the hand"
    TURNED = "turned in the hand"
    DIVERGED = "the physics diverged"


class HandPhysics(Protocol):
    """A hand and a part in the hand's frame, as `hand.Hand` has them."""

    step_s: float
    part_mass_kg: float
    centre_object: Matrix

    def place(self, T_tcp_object: Matrix, opening_m: float) -> None: ...
    def pull(self, acceleration_m_s2: Matrix) -> None: ...
    def step(self, count: int = 1) -> None: ...
    def touching(self) -> tuple[bool, bool]: ...
    def deepest_m(self) -> float: ...
    @property
    def T_tcp_object(self) -> Matrix: ...
    @property
    def speed_m_s(self) -> float: ...
    @property
    def is_finite(self) -> bool: ...


@dataclass(frozen=True, eq=False)
class Outcome:
    """failure: None when the grasp is stable. slip_m, turn_rad: how far the part's centre of mass moved and the part
    turned in the hand after the fingers had closed. moved_in_hand: the same (m, rad) from before they closed.
    T_tcp_closed, T_tcp_held: (4, 4), the part in the hand when they had closed and in the end.
    """

    failure: TrialFailure | None
    slip_m: float
    turn_rad: float
    moved_in_hand: tuple[float, float]
    T_tcp_closed: Matrix
    T_tcp_held: Matrix

    @property
    def stable(self) -> bool:
        return self.failure is None

    @property
    def lifted(self) -> bool:
        """Held somehow in the end."""
        return self.failure in (None, TrialFailure.SLIPPED, TrialFailure.TURNED)


class GraspTrial:
    """Tries grasps of one part by one gripper. Not thread-safe."""

    def __init__(
        self,
        part: PartMesh,
        gripper: Gripper,
        density_kg_m3: float = DENSITY_KG_M3,
        engine: Callable[[PartMesh, Gripper, float], HandPhysics] = Hand,
    ) -> None:
        """engine: another one than MuJoCo, to compare."""
        self._hand = engine(part, gripper, density_kg_m3)
        self._gripper = gripper

    @property
    def part_mass_kg(self) -> float:
        return self._hand.part_mass_kg

    def run(self, T_object_tcp: Matrix, width_m: float, down_tcp: Matrix | None = None) -> Outcome:
        """One trial. width_m: between the contacts. down_tcp: (3,) unit, where gravity pulls, TCP frame; None: along
        the approach."""
        hand, down = self._hand, np.array((0.0, 0.0, 1.0)) if down_tcp is None else np.asarray(down_tcp, np.float64)
        planned = invert(T_object_tcp)
        hand.place(planned, float(self._gripper.opening_m(width_m, OPEN_M)))
        if hand.deepest_m() > START_M:
            return self._outcome(TrialFailure.STARTS_INSIDE, planned, planned, planned)
        for block in range(round(CLOSE_S / 0.02)):
            hand.step(round(0.02 / hand.step_s))
            if block > 2 and hand.speed_m_s < STILL_M_S and all(hand.touching()):
                break
        if not hand.is_finite:
            return self._outcome(TrialFailure.DIVERGED, planned, planned, planned)
        closed = hand.T_tcp_object
        if not all(hand.touching()):
            return self._outcome(TrialFailure.MISSED, planned, closed, closed)
        for pull in pulls(down, hand.step_s):
            hand.pull(pull)
            hand.step()
        if not hand.is_finite:
            return self._outcome(TrialFailure.DIVERGED, planned, closed, closed)
        return self._judged(planned, closed)

    def quality(
        self, T_object_tcp: Matrix, width_m: float, rng: np.random.Generator, repeats: int = REPEATS
    ) -> tuple[float, list[Outcome]]:
        """The share of `repeats` trials that are stable, each with the hand `SHIFT_M` and `TILT_RAD` away, and each
        trial's outcome. 0 and 1 are labels to trust, what lies between is near a limit."""
        outcomes = [self.run(nudged(T_object_tcp, rng), width_m) for _ in range(repeats)]
        return float(np.mean([outcome.stable for outcome in outcomes])), outcomes

    def _judged(self, planned: Matrix, closed: Matrix) -> Outcome:
        held = self._hand.T_tcp_object
        if not all(self._hand.touching()):
            return self._outcome(TrialFailure.DROPPED, planned, closed, held)
        outcome = self._outcome(None, planned, closed, held)
        if outcome.slip_m > SLIP_M:
            return self._outcome(TrialFailure.SLIPPED, planned, closed, held)
        return self._outcome(TrialFailure.TURNED, planned, closed, held) if outcome.turn_rad > TURN_RAD else outcome

    def _outcome(self, failure: TrialFailure | None, planned: Matrix, closed: Matrix, held: Matrix) -> Outcome:
        slip_m, turn_rad = slip_and_turn(closed, held, self._hand.centre_object)
        moved = slip_and_turn(planned, held, self._hand.centre_object)
        return Outcome(failure, slip_m, turn_rad, moved, closed, held)


def pulls(down: Matrix, step_s: float) -> Iterator[Matrix]:
    """(3,) m/s^2 of every step after the fingers have closed: gravity less the hand's acceleration."""
    gravity = G_M_S2 * down
    steps = round(TAKE_S / step_s)
    for step in range(steps):
        yield gravity * ((step + 1) / steps)
    for acceleration in hand_accelerations(down, step_s):
        yield gravity - acceleration


def slip_and_turn(closed: Matrix, held: Matrix, centre_object: Matrix) -> tuple[float, float]:
    """How far, m, the part's centre of mass moved and, rad, the part turned from one T_tcp_object to another."""
    moved = (held[:3, :3] - closed[:3, :3]) @ centre_object + held[:3, 3] - closed[:3, 3]
    turn_rad = Rotation.from_matrix(held[:3, :3] @ closed[:3, :3].T).magnitude()
    return float(np.linalg.norm(moved)), float(turn_rad)


def nudged(T_object_tcp: Matrix, rng: np.random.Generator) -> Matrix:
    """The hand `SHIFT_M` and `TILT_RAD` away, standard deviations."""
    T = np.eye(4)
    axis = rng.standard_normal(3)
    T[:3, :3] = Rotation.from_rotvec(TILT_RAD * rng.standard_normal() * axis / np.linalg.norm(axis)).as_matrix()
    T[:3, 3] = rng.normal(0.0, SHIFT_M / np.sqrt(3.0), 3)
    return T_object_tcp @ T
