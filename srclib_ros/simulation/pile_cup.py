"""A suction cup above a pile in MuJoCo: its body, and the bond that fixes a part to its lip.

The bond is a weld as stiff as contacts are: the cup is taken not to give way while it carries. What it carries is not
limited here but told, so that `suction.wrench` can judge it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.geometry.transforms import apply, invert
from srclib_ros.grasping.gripper import Gripper, as_cup
from srclib_ros.simulation.jaw import HAND_BIT, STEP_S, contact_of
from srclib_ros.simulation.pile_hand import PileHand
from srclib_ros.types import Matrix

TOLERANCE = 1e-12  # of the solver; with its default forces are off by a tenth where motions are not


class PileCup(PileHand):
    """As `PileHand`; nothing is held until `hold`. Raises GripperError for a gripper that is no cup."""

    def __init__(
        self,
        parts: Sequence[tuple[PartMesh, Matrix]],
        bin_size_m: tuple[float, float, float],
        gripper: Gripper,
        step_s: float = STEP_S,
    ) -> None:
        self._cup = as_cup(gripper, "a trial with suction")
        super().__init__(parts, bin_size_m, gripper, step_s)
        self._all_meet = self._in_physics
        self._held, self._lip_tcp = 0, np.zeros(3)

    def start(self, T_bin_tcp: Matrix, opening_m: float = 0.0) -> None:
        self._in_physics = self._all_meet
        self._geometry_only(False)
        super().start(T_bin_tcp, opening_m)

    def hold(self, part: int, lip_tcp: Matrix) -> None:
        """Fix a part, as it lies now, to the cup. lip_tcp: (3,) m, where the middle of the lip is."""
        T_tcp_object = invert(self.T_bin_tcp) @ self.poses[part]
        bond = self.model.equality(f"bond{part}").id
        self.model.eq_data[bond, :3] = apply(invert(T_tcp_object), lip_tcp)
        self.model.eq_data[bond, 3:6] = lip_tcp
        self.model.eq_data[bond, 6:10] = Rotation.from_matrix(T_tcp_object[:3, :3]).as_quat(scalar_first=True)
        self.data.eq_active[bond] = True
        self._held, self._lip_tcp = self._bodies[part], lip_tcp
        contype, conaffinity = self._all_meet
        beside_cup = np.where(self.model.geom_bodyid == self._held, conaffinity & ~HAND_BIT, conaffinity)
        self._in_physics = contype, beside_cup  # what is held and what holds it do not push each other
        self._geometry_only(False)

    def load_tcp(self) -> tuple[Matrix, Matrix]:
        """Force (3,) N with which what is held pulled at the lip in the last step, and its moment (3,) Nm about the
        middle of the lip, TCP frame.

        Of the bond's reaction on the held body, J^T f: a force along the bin's axes at the body's origin, and a moment
        along the body's own.
        """
        data, held = self.data, self._held
        first = self.model.body_dofadr[held]
        jacobian = data.efc_J.reshape(-1, self.model.nv)[: data.ne, first : first + 6]
        force, moment_object = np.split(-jacobian.T @ data.efc_force[: data.ne], 2)
        R = data.xmat[self._hand].reshape(3, 3)
        from_lip = data.xpos[held] - data.xpos[self._hand] - R @ self._lip_tcp
        moment = data.xmat[held].reshape(3, 3) @ moment_object + np.cross(from_lip, force)
        return force @ R, moment @ R

    def _add_gripper(self, spec: Any, hand: Any) -> None:
        mujoco, contact = self._mujoco, contact_of(self.step_s)
        for low, high in self._cup.boxes_tcp(0.0):
            hand.add_geom(
                type=mujoco.mjtGeom.mjGEOM_BOX, size=(high - low) / 2.0, pos=(low + high) / 2.0,
                friction=(self._cup.friction, 0.0, 0.0), condim=3, contype=HAND_BIT, conaffinity=0, priority=1,
                **contact,
            )  # fmt: skip
        for part in range(len(self.parts)):
            spec.add_equality(
                name=f"bond{part}", type=mujoco.mjtEq.mjEQ_WELD, objtype=mujoco.mjtObj.mjOBJ_BODY,
                name1="hand", name2=f"part{part}", active=False, **contact,
            )  # fmt: skip
        spec.option.tolerance = TOLERANCE

    def _open(self, data: Any, opening_m: float) -> None:
        """A cup has nothing to open."""
