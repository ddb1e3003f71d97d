"""A suction cup tried in a pile: its lip seals on the true surface, and carries what then hangs on it.

The seal is that of `suction_trial`. The part is fixed to the cup then and lifted in physics, so that what lies on it,
holds it back or comes along pulls as it does; what the cup carries in every moment is held against the ring contact of
Dex-Net 3.0 (`suction.wrench`). Of a part that nothing else touches this is what `suction_trial` works out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.geometry.transforms import invert
from srclib_ros.grasping.gripper import Gripper, as_cup
from srclib_ros.grasping.suction.seal import LEAKS, SealTest
from srclib_ros.grasping.suction.wrench import Limit, gives_way, margins
from srclib_ros.simulation.motion import hand_accelerations
from srclib_ros.simulation.pile_cup import PileCup
from srclib_ros.simulation.pile_trial import APPROACH_M, DOWN, PickFailure, PickOutcome, PileTrial
from srclib_ros.simulation.under_lip import UnderLip
from srclib_ros.types import Matrix

LOOK_S = 0.02  # over which the load is averaged: knocks that last less do not break a seal

_FAILURES = {
    Limit.PULL: PickFailure.PULLED_OFF,
    Limit.SHEAR: PickFailure.SHEARED,
    Limit.TWIST: PickFailure.TWISTED,
    Limit.PEEL: PickFailure.PEELED,
}


class CupPileTrial(PileTrial):
    """As `PileTrial`. Raises GripperError for a gripper that is no cup, MissingDependencyError, SimulationError."""

    _hand: PileCup

    def __init__(
        self,
        parts: Sequence[tuple[PartMesh, Matrix]],
        bin_size_m: tuple[float, float, float],
        gripper: Gripper,
        approach_m: float = APPROACH_M,
    ) -> None:
        """parts: (part, T_bin_object) each. bin_size_m: inner length, width, height."""
        hand, self._cup = PileCup(parts, bin_size_m, gripper), as_cup(gripper, "a trial with suction")
        super().__init__(hand, approach_m)
        self._under_lip = UnderLip(hand.parts, hand.settled, self._cup)
        self._seals: dict[int, SealTest] = {}

    def _first_met(self, T_bin_tcp: Matrix, opening_m: float) -> int | None:
        return next(iter(self._under_lip(T_bin_tcp)), None)

    def _picked(self, T_bin_tcp: Matrix, aimed_at: int | None, planned: Matrix | None, part: int | None) -> PickOutcome:
        hand, met = self._hand, self._under_lip(T_bin_tcp)
        if not met:
            return PickOutcome(PickFailure.MISSED, aimed_at, T_tcp_planned=planned)
        if len(met) > 1:
            neighbour = next(other for other in met if other != aimed_at)
            return PickOutcome(PickFailure.ON_NEIGHBOUR, aimed_at, neighbour, T_tcp_planned=planned)
        held, closed = met[0], [invert(T_bin_tcp) @ T for T in hand.settled]
        seal = self._seal(held)(invert(closed[held])[None])
        if seal.leak[0] >= 0:
            return PickOutcome(PickFailure.NO_SEAL, held, T_tcp_planned=planned, leak=LEAKS[seal.leak[0]])
        hand.hold(held, np.array((0.0, 0.0, seal.offset_m[0])))
        limit = self._lift()
        if not hand.is_finite:
            return PickOutcome(PickFailure.DIVERGED, held, T_tcp_planned=planned)
        if limit is not None:
            return PickOutcome(_FAILURES[limit], held, T_tcp_planned=planned, T_tcp_closed=closed[held])
        return self._judged(T_bin_tcp, closed, held, (held,), part)

    def _seal(self, part: int) -> SealTest:
        """Parts that are the same object share one."""
        mesh = self._hand.parts[part]
        if id(mesh) not in self._seals:
            self._seals[id(mesh)] = SealTest(mesh, self._cup)
        return self._seals[id(mesh)]

    def _lift(self) -> Limit | None:
        """Lift, hold and shake until the cup lets go; returns why it does, if it does. Raises HitsBinError."""
        hand, every = self._hand, round(LOOK_S / self._hand.step_s)
        loads: list[tuple[Matrix, Matrix]] = []
        for acceleration in hand_accelerations(DOWN, hand.step_s):
            hand.step(acceleration)
            loads.append(hand.load_tcp())
            if len(loads) == every:
                self._stay_clear()
                force, moment = np.mean(loads, axis=0)
                limit = gives_way(margins(self._cup, force, moment))
                if limit is not None:
                    return limit
                loads.clear()
        return None
