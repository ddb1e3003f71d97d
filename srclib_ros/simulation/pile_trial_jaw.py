"""A jaw tried in a pile: its fingers close, and whatever they hold then is lifted by friction alone."""

from __future__ import annotations

from collections.abc import Sequence

from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.geometry.transforms import invert
from srclib_ros.grasping.gripper import Gripper
from srclib_ros.simulation.motion import hand_accelerations
from srclib_ros.simulation.pile_jaw import PileJaw
from srclib_ros.simulation.pile_trial import APPROACH_M, DOWN, PickFailure, PickOutcome, PileTrial
from srclib_ros.simulation.trial import CLOSE_S, STILL_M_S
from srclib_ros.types import Matrix

BLOCK_S = 0.02  # between looks at whether the fingers have closed, and of a longer look at what they hold
LOOK_S, EMPTY_LOOKS = 0.05, 3  # at whether the hand still holds anything; so many in a row that it does not


class JawPileTrial(PileTrial):
    """As `PileTrial`. Raises GripperError for a gripper that is no jaw, MissingDependencyError, SimulationError."""

    _hand: PileJaw

    def __init__(
        self,
        parts: Sequence[tuple[PartMesh, Matrix]],
        bin_size_m: tuple[float, float, float],
        gripper: Gripper,
        approach_m: float = APPROACH_M,
    ) -> None:
        """parts: (part, T_bin_object) each. bin_size_m: inner length, width, height."""
        super().__init__(PileJaw(parts, bin_size_m, gripper), approach_m)

    def _first_met(self, T_bin_tcp: Matrix, opening_m: float) -> int | None:
        return self._hand.between(T_bin_tcp, opening_m)

    def _picked(self, T_bin_tcp: Matrix, aimed_at: int | None, planned: Matrix | None, part: int | None) -> PickOutcome:
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
        return self._judged(T_bin_tcp, closed, held, fingers[0] & fingers[1], part)

    def _close(self) -> int | None:
        """Close until all is still; returns a part that the fingers hold, None when one finger touches nothing. Raises
        HitsBinError."""
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
        """Lift, hold and shake, or stop when nothing touches the hand any more. Raises HitsBinError."""
        hand, every = self._hand, round(LOOK_S / self._hand.step_s)
        empty = 0
        for step, acceleration in enumerate(hand_accelerations(DOWN, hand.step_s)):
            hand.step(acceleration)
            if step % every == 0:
                self._stay_clear()
                empty = 0 if any(hand.touching()) else empty + 1
            if empty == EMPTY_LOOKS:
                return

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
