"""Grasps tried in a pile: the way in, closing, lifting, shaking. Does the hand come out with the one part, and how?

Every trial starts from the same settled pile, so that their order does not matter. `trial.GraspTrial` asks the same of
a part alone and judges more strictly; here success is what a cell needs: one part, clear of all others, near enough to
where the planner thinks it is in the hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy.spatial.transform import Rotation

from srclib_ros.errors import ConfigError, GripperError
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.geometry.transforms import invert, is_rigid, make_transform
from srclib_ros.grasping.gripper import Gripper
from srclib_ros.simulation.motion import LIFT_M, hand_accelerations
from srclib_ros.simulation.pile_hand import BIN, PileHand
from srclib_ros.simulation.surface_depth import SurfaceDepth
from srclib_ros.simulation.trial import CLOSE_S, OPEN_M, START_M, STILL_M_S, slip_and_turn
from srclib_ros.types import Matrix

APPROACH_M, APPROACH_STEP_M = 0.1, 0.002
BLOCK_S = 0.02  # between looks at whether the fingers have closed, and of a longer look at what they hold
LOOK_S, EMPTY_LOOKS = 0.05, 3  # at whether the hand still holds anything; so many in a row that it does not
DOWN = np.array((0.0, 0.0, -1.0))
SLID_M, TURNED_RAD = 0.010, np.deg2rad(30.0)  # from here on the pose that was planned with is worthless


class PickFailure(StrEnum):
    """Why a grasp in a pile is no success."""

    HITS_BIN = "the hand hits the bin"
    HITS_NEIGHBOUR = "the hand hits a neighbour on its way in"
    HITS_PART = "the hand hits the part itself on its way in"
    MISSED = "the fingers closed on nothing"
    DROPPED = "slid out of the hand"
    SEVERAL = "several parts lifted"
    WRONG_PART = "another part than the one meant"
    NOT_CLEAR = "still touches the bin or a neighbour"
    TURNED = "turned in the hand"
    SLID = "slid far in the hand"
    DIVERGED = "the physics diverged"


@dataclass(frozen=True, eq=False)
class PickOutcome:
    """failure: None for a success. part: number of the part that was held, or else closed on, or else meant; None when
    there is none. hit: number of the part that the hand hits on its way in. lifted: numbers of the parts that were up
    in the end. slip_m, turn_rad: how far the part's centre of mass moved and the part turned in the hand after the
    fingers had closed. T_tcp_planned, T_tcp_closed, T_tcp_held: (4, 4), the part in the hand as it lay when the hand
    came, when the fingers had closed, and in the end. None where a trial did not come so far.
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

    @property
    def success(self) -> bool | None:
        """None where physics diverged, which says nothing about the grasp."""
        return None if self.failure is PickFailure.DIVERGED else self.failure is None

    @property
    def held(self) -> bool | None:
        """Whether exactly the one part came out, clear of the others, however it then lies in the hand."""
        in_hand = self.failure in (PickFailure.TURNED, PickFailure.SLID)
        return None if self.failure is PickFailure.DIVERGED else self.failure is None or in_hand


class _HitsBinError(Exception):
    """The hand would have struck the bin while it closed, lifted or shook."""


class PileTrial:
    """Tries grasps by one gripper in one pile. Not thread-safe."""

    def __init__(
        self,
        parts: Sequence[tuple[PartMesh, Matrix]],
        bin_size_m: tuple[float, float, float],
        gripper: Gripper,
        approach_m: float = APPROACH_M,
    ) -> None:
        """parts: (part, T_bin_object) each, numbered from 0. bin_size_m: inner length, width, height. approach_m:
        length of the straight way in along the TCP's z. Raises GripperError for a gripper that is no jaw,
        MissingDependencyError, SimulationError.
        """
        self._hand = PileHand(parts, bin_size_m, gripper)
        self._surfaces = SurfaceDepth([part for part, _ in parts])
        self._gripper, self._approach_m = gripper, approach_m

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
        aimed_at = hand.between(T_bin_tcp, opening_m) if part is None else part
        planned = None if aimed_at is None else invert(T_bin_tcp) @ hand.settled[aimed_at]
        collision = self._way_in(T_bin_tcp, opening_m, aimed_at)
        if collision is not None:
            failure, hit = collision
            return PickOutcome(failure, aimed_at, hit, T_tcp_planned=planned)
        hand.start(T_bin_tcp, opening_m)
        try:
            return self._picked(T_bin_tcp, aimed_at, planned, part)
        except _HitsBinError:
            return PickOutcome(PickFailure.HITS_BIN, aimed_at, T_tcp_planned=planned)

    def _picked(self, T_bin_tcp: Matrix, aimed_at: int | None, planned: Matrix | None, part: int | None) -> PickOutcome:
        """Of the hand that stands open at the grasp. Raises _HitsBinError."""
        hand = self._hand
        held = self._close()
        if not hand.is_finite:
            return PickOutcome(PickFailure.DIVERGED, aimed_at, T_tcp_planned=planned)
        closed = [invert(hand.T_bin_tcp) @ T for T in hand.poses]
        if held is None:
            return PickOutcome(PickFailure.MISSED, aimed_at, T_tcp_planned=planned)
        self._lift()
        fingers = self._held()
        if not hand.is_finite:
            return PickOutcome(PickFailure.DIVERGED, held, T_tcp_planned=planned)
        return self._judged(T_bin_tcp, closed, held, fingers, part)

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

    def _close(self) -> int | None:
        """Close until all is still; returns a part that the fingers hold, None when one finger touches nothing. Raises
        _HitsBinError."""
        hand = self._hand
        for block in range(round(CLOSE_S / BLOCK_S)):
            hand.step(count=round(BLOCK_S / hand.step_s))
            self._stay_clear()
            one, other = hand.touching()
            if block > 2 and one and other and hand.speed_m_s(one | other) < STILL_M_S:
                break
        else:
            one, other = self._held()
        return min(one & other or one) if one and other else None

    def _lift(self) -> None:
        """Lift, hold and shake, or stop when nothing touches the hand any more. Raises _HitsBinError."""
        hand, every = self._hand, round(LOOK_S / self._hand.step_s)
        empty = 0
        for step, acceleration in enumerate(hand_accelerations(DOWN, hand.step_s)):
            hand.step(acceleration)
            if step % every == 0:
                self._stay_clear()
                empty = 0 if any(hand.touching()) else empty + 1
            if empty == EMPTY_LOOKS:
                return

    def _stay_clear(self) -> None:
        """Hand and bin do not meet in physics: raises _HitsBinError where one would have struck the other."""
        if self._hand.bin_depth_m() > START_M:
            raise _HitsBinError

    def _held(self) -> tuple[set[int], set[int]]:
        """The parts that each finger touches at some time within the next `BLOCK_S`: a part that is jammed chatters
        between the pads, so that a single look may miss it."""
        hand = self._hand
        fingers: tuple[set[int], set[int]] = set(), set()
        for _ in range(round(BLOCK_S / hand.step_s)):
            hand.step()
            for held, touched in zip(fingers, hand.touching(), strict=True):
                held |= touched
        return fingers

    def _judged(
        self,
        T_bin_tcp: Matrix,
        closed: Sequence[Matrix],
        held: int,
        fingers: tuple[set[int], set[int]],
        meant: int | None,
    ) -> PickOutcome:
        hand = self._hand
        rise_m = self._heights_m(hand.poses) - self._heights_m(hand.settled)
        lifted = tuple(np.flatnonzero(rise_m > LIFT_M / 2.0).tolist())
        part = lifted[0] if len(lifted) == 1 else held
        T_tcp_held = invert(hand.T_bin_tcp) @ hand.poses[part]
        slip_m, turn_rad = slip_and_turn(closed[part], T_tcp_held, hand.centres_object[part])
        failure = None
        if len(lifted) > 1:
            failure = PickFailure.SEVERAL
        elif not lifted or part not in fingers[0] & fingers[1]:
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
