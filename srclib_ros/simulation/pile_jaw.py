"""A jaw above a pile in MuJoCo: what its fingers touch, and what they would come to first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.grasping.gripper import Gripper, as_jaw
from srclib_ros.simulation.jaw import FINGERS, STEP_S, add_jaw
from srclib_ros.simulation.pile_hand import BIN, PileHand
from srclib_ros.types import Matrix


class PileJaw(PileHand):
    """As `PileHand`; the fingers close from `start` on. Raises GripperError for a gripper that is no jaw."""

    def __init__(
        self,
        parts: Sequence[tuple[PartMesh, Matrix]],
        bin_size_m: tuple[float, float, float],
        gripper: Gripper,
        step_s: float = STEP_S,
    ) -> None:
        self._jaw = as_jaw(gripper, "a trial that closes fingers")
        super().__init__(parts, bin_size_m, gripper, step_s)
        self._fingers = [self.model.body(name).id for name in FINGERS]
        self._settled.ctrl[:] = -self._jaw.force_n

    def speed_m_s(self, parts: set[int]) -> float:
        """Of the faster of the fingers and these parts."""
        fingers, bodies = self.data.qvel[3:5], self.data.qvel[5:].reshape(-1, 6)
        return float(np.abs(np.concatenate([fingers, bodies[sorted(parts), :3].ravel()])).max())

    def touching(self) -> tuple[set[int], set[int]]:
        """The parts that the finger at -y and the one at +y touch."""
        found: tuple[set[int], set[int]] = set(), set()
        for first, second, _ in self._contacts(self.data):
            for body, other in ((first, second), (second, first)):
                if body in self._fingers and self._numbers.get(other, BIN) != BIN:
                    found[self._fingers.index(body)].add(self._numbers[other])
        return found

    def between(self, T_bin_tcp: Matrix, opening_m: float) -> int | None:
        """The part of the settled pile that both fingers come to first, or else that one of them does."""
        first: int | None = None
        touched: tuple[set[int], set[int]] = set(), set()
        for opening in np.arange(opening_m, -0.001, -0.002):
            for body, other, _ in self._meets(T_bin_tcp, max(float(opening), 0.0)):
                if other != BIN and body in self._fingers:
                    first = other if first is None else first
                    touched[self._fingers.index(body)].add(other)
            if touched[0] & touched[1]:
                return min(touched[0] & touched[1])
        return first

    def _add_gripper(self, spec: Any, hand: Any) -> None:
        add_jaw(self._mujoco, spec, hand, self._jaw, self.step_s)

    def _open(self, data: Any, opening_m: float) -> None:
        data.qpos[3:5] = opening_m / 2.0
