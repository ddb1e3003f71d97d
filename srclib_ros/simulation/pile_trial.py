"""Grasps tried in a pile: the way in, taking hold, lifting, shaking. Does the hand come out with the one part, and how?

Every trial starts from the same settled pile, so that their order does not matter. `trial.GraspTrial` asks the same of
a part alone and judges more strictly; here success is what a cell needs: one part, clear of all others, near enough to
where the planner thinks it is in the hand. How each kind of gripper takes hold: `pile_trial_jaw`, `pile_trial_cup`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy.spatial.transform import Rotation

from srclib_ros.errors import ConfigError, GripperError
from srclib_ros.geometry.transforms import invert, is_rigid, make_transform
from srclib_ros.grasping.suction.seal import Leak
from srclib_ros.simulation.motion import LIFT_M
from srclib_ros.simulation.pile_hand import BIN, PileHand
from srclib_ros.simulation.surface_depth import SurfaceDepth
from srclib_ros.simulation.trial import OPEN_M, START_M, slip_and_turn
from srclib_ros.types import Matrix

APPROACH_M, APPROACH_STEP_M = 0.1, 0.002
DOWN = np.array((0.0, 0.0, -1.0))
SLID_M, TURNED_RAD = 0.010, np.deg2rad(30.0)  # from here on the pose that was planned with is worthless


class PickFailure(StrEnum):
    """Why a grasp in a pile is no success."""

    HITS_BIN = "the hand hits the bin"
    HITS_NEIGHBOUR = "the hand hits a neighbour on its way in"
    HITS_PART = "the hand hits the part itself on its way in"
    MISSED = "the hand closed on nothing"
    DROPPED = "slid out of the hand"
    SEVERAL = "several parts lifted"
    WRONG_PART = "another part than the one meant"
    NOT_CLEAR = "still touches the bin or a neighbour"
    TURNED = "turned in the hand"
    SLID = "slid far in the hand"
    ON_NEIGHBOUR = "a neighbour lies under the lip"
    NO_SEAL = "the lip does not seal"
    PULLED_OFF = "pulled off the cup"
    SHEARED = "slid off the cup sideways"
    TWISTED = "turned about the cup's axis"
    PEELED = "peeled off the lip"
    DIVERGED = "the physics diverged"


@dataclass(frozen=True, eq=False)
class PickOutcome:
    """failure: None for a success. part: number of the part that was held, or else closed on, or else meant; None when
    there is none. hit: number of the part that the hand hits on its way in. leak: why a lip does not seal. lifted:
    numbers of the parts that were up in the end. slip_m, turn_rad: how far the part's centre of mass moved and the part
    turned in the hand after it had closed. T_tcp_planned, T_tcp_closed, T_tcp_held: (4, 4), the part in the hand as it
    lay when the hand came, when it had closed, and in the end. None where a trial did not come so far.
    """

    failure: PickFailure | None
    part: int | None = None
    hit: int | None = None
    lifted: tuple[int, ...] = ()
    slip_m: float | None = None
    turn_rad: float | None = None
    T_tcp_planned: Matrix | None = None
    T_tcp_closed: Matrix | None = None
    T_tcp_held: Matrix | None = None
    leak: Leak | None = None

    @property
    def success(self) -> bool | None:
        """None where physics diverged, which says nothing about the grasp."""
        return None if self.failure is PickFailure.DIVERGED else self.failure is None

    @property
    def held(self) -> bool | None:
        """Whether exactly the one part came out, clear of the others, however it then lies in the hand."""
        in_hand = self.failure in (PickFailure.TURNED, PickFailure.SLID)
        return None if self.failure is PickFailure.DIVERGED else self.failure is None or in_hand


class HitsBinError(Exception):
    """The hand would have struck the bin while it closed, lifted or shook."""


class PileTrial(ABC):
    """Tries grasps by one gripper in one pile, whose parts are numbered from 0; `trials.pile_trial_for` makes one. Not
    thread-safe."""

    def __init__(self, hand: PileHand, approach_m: float) -> None:
        """approach_m: length of the straight way in along the TCP's z."""
        self._hand, self._gripper, self._approach_m = hand, hand.gripper, approach_m
        self._surfaces = SurfaceDepth(hand.parts)

    @property
    def moved_m(self) -> Matrix:
        """(N,) how far each part moved from where it was said to lie until it was at rest."""
        return self._hand.moved_m

    def run(self, T_bin_tcp: Matrix, width_m: float, part: int | None = None) -> PickOutcome:
        """One trial. width_m: between the contacts. part: number of the one that is meant; None: whichever comes.

        Raises ConfigError for a pose that is not rigid, a width that is no length, or a part that is not there;
        GripperError for a width beyond the stroke.
        """
        T_bin_tcp, opening_m = self._checked(T_bin_tcp, width_m, part)
        hand = self._hand
        aimed_at = self._first_met(T_bin_tcp, opening_m) if part is None else part
        planned = None if aimed_at is None else invert(T_bin_tcp) @ hand.settled[aimed_at]
        collision = self._way_in(T_bin_tcp, opening_m, aimed_at)
        if collision is not None:
            failure, hit = collision
            return PickOutcome(failure, aimed_at, hit, T_tcp_planned=planned)
        hand.start(T_bin_tcp, opening_m)
        try:
            return self._picked(T_bin_tcp, aimed_at, planned, part)
        except HitsBinError:
            return PickOutcome(PickFailure.HITS_BIN, aimed_at, T_tcp_planned=planned)

    @abstractmethod
    def _first_met(self, T_bin_tcp: Matrix, opening_m: float) -> int | None:
        """The part of the settled pile that the hand at this pose would take hold of; None when there is none."""

    @abstractmethod
    def _picked(self, T_bin_tcp: Matrix, aimed_at: int | None, planned: Matrix | None, part: int | None) -> PickOutcome:
        """Of the hand that stands open at the grasp: take hold, lift, hold and shake. Raises HitsBinError."""

    def _checked(self, T_bin_tcp: Matrix, width_m: float, part: int | None) -> tuple[Matrix, float]:
        """The pose, exactly rigid, and the opening on the way in."""
        T = np.asarray(T_bin_tcp, np.float64)
        if not is_rigid(T):
            raise ConfigError("T_bin_tcp: expected a finite rigid 4x4 transform, its rotation orthonormal")
        if not 0.0 <= width_m < np.inf:
            raise ConfigError(f"width_m: expected a finite length of 0 or more, got {width_m}")
        if width_m > self._gripper.widest_m + 1e-9:
            raise GripperError(
                f"width_m: {width_m:.4f} m is wider than {self._gripper.name} opens ({self._gripper.widest_m} m)"
            )
        if part is not None and not 0 <= part < len(self._hand.settled):
            raise ConfigError(f"part: {part} is none of the {len(self._hand.settled)} parts of this pile")
        rotation = Rotation.from_matrix(T[:3, :3]).as_matrix()
        return make_transform(rotation, T[:3, 3]), float(self._gripper.opening_m(width_m, OPEN_M))

    def _way_in(
        self, T_bin_tcp: Matrix, opening_m: float, aimed_at: int | None
    ) -> tuple[PickFailure, int | None] | None:
        """The first collision of the open hand with the pile, which stands still, and the part it hits.

        Convex pieces hold their part, so where they stay clear it does; where they do not, its surface decides.
        """
        boxes = self._gripper.boxes_tcp(opening_m)
        steps = max(1, round(self._approach_m / APPROACH_STEP_M))
        for back_m in np.linspace(self._approach_m, 0.0, steps + 1):
            T = T_bin_tcp.copy()
            T[:3, 3] -= back_m * T[:3, 2]
            deep = {what: depth for what, depth in self._hand.depths_m(T, opening_m).items() if depth > START_M}
            if BIN in deep:
                return PickFailure.HITS_BIN, None
            T_tcp_bin = invert(T)
            truly = {part: self._surfaces.depth_m(part, T_tcp_bin @ self._hand.settled[part], boxes) for part in deep}
            hit = max(truly, key=lambda part: truly[part], default=None)
            if hit is not None and truly[hit] > START_M:
                return PickFailure.HITS_PART if hit == aimed_at else PickFailure.HITS_NEIGHBOUR, hit
        return None

    def _stay_clear(self) -> None:
        """Hand and bin do not meet in physics: raises HitsBinError where one would have struck the other."""
        if self._hand.bin_depth_m() > START_M:
            raise HitsBinError

    def _judged(
        self, T_bin_tcp: Matrix, closed: Sequence[Matrix], held: int, holds: Collection[int], meant: int | None
    ) -> PickOutcome:
        """The end. closed: T_tcp_object of each part when the hand had closed on `held`. holds: what it holds now."""
        hand = self._hand
        rise_m = self._heights_m(hand.poses) - self._heights_m(hand.settled)
        lifted = tuple(np.flatnonzero(rise_m > LIFT_M / 2.0).tolist())
        part = lifted[0] if len(lifted) == 1 else held
        T_tcp_held = invert(hand.T_bin_tcp) @ hand.poses[part]
        slip_m, turn_rad = slip_and_turn(closed[part], T_tcp_held, hand.centres_object[part])
        failure = None
        if len(lifted) > 1:
            failure = PickFailure.SEVERAL
        elif not lifted or part not in holds:
            failure = PickFailure.DROPPED
        elif meant is not None and part != meant:
            failure = PickFailure.WRONG_PART
        elif hand.touched_by(part):
            failure = PickFailure.NOT_CLEAR
        elif turn_rad > TURNED_RAD:
            failure = PickFailure.TURNED
        elif slip_m > SLID_M:
            failure = PickFailure.SLID
        planned = invert(T_bin_tcp) @ hand.settled[part]
        return PickOutcome(failure, part, None, lifted, slip_m, turn_rad, planned, closed[part], T_tcp_held)

    def _heights_m(self, poses: Sequence[Matrix]) -> Matrix:
        """(N,) of the parts' centres of mass above the floor."""
        return np.array([T[2, :3] @ c + T[2, 3] for T, c in zip(poses, self._hand.centres_object, strict=True)])
