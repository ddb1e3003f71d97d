"""A parallel jaw and one part in MuJoCo, in the frame of the hand, which physics sees standing still.

A hand that moves without turning is an accelerated frame: what pulls at the part in it is gravity less the hand's
acceleration, exactly. So no servo has to hold the hand, and none shakes it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from srclib_ros.errors import MissingDependencyError, SimulationError
from srclib_ros.geometry.inertia import inertia
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.grasping.gripper import Gripper, as_jaw
from srclib_ros.grasping.jaw import Jaw
from srclib_ros.simulation.convex_pieces import convex_pieces
from srclib_ros.simulation.jaw import FINGERS, HAND_BIT, STEP_S, add_jaw, contact_of, set_options
from srclib_ros.simulation.mujoco_bodies import DENSITY_KG_M3, has_diverged, weigh
from srclib_ros.types import Matrix


class Hand:
    """Compiled once for a part and a gripper; see `trial.GraspTrial` for what is done with it.

    World axes are the TCP's. Raises GripperError for a gripper that is no jaw,
    MissingDependencyError, SimulationError.
    """

    def __init__(
        self, part: PartMesh, gripper: Gripper, density_kg_m3: float = DENSITY_KG_M3, step_s: float = STEP_S
    ) -> None:
        try:
            import mujoco
        except ImportError as error:
            raise MissingDependencyError("grasp trials need MuJoCo; pip install 'srclib-ros[sim]'") from error
        self.mujoco, self.gripper, self.step_s = mujoco, as_jaw(gripper, "a trial that closes fingers"), step_s
        self.model = self._compile(part, self.gripper, density_kg_m3)
        self.data = mujoco.MjData(self.model)
        self.part_mass_kg = float(self.model.body_mass[self._part])
        self.centre_object = self.model.body_ipos[self._part].copy()

    def place(self, T_tcp_object: Matrix, opening_m: float) -> None:
        """Everything at rest, the fingers open, the part weightless."""
        mujoco, data = self.mujoco, self.data
        mujoco.mj_resetData(self.model, data)
        data.qpos[:2] = opening_m / 2.0
        data.qpos[2:5] = T_tcp_object[:3, 3]
        mujoco.mju_mat2Quat(data.qpos[5:9], np.ascontiguousarray(T_tcp_object[:3, :3]).ravel())
        data.ctrl[:] = -self.gripper.force_n
        self.pull(np.zeros(3))
        mujoco.mj_forward(self.model, data)

    def pull(self, acceleration_m_s2: Matrix) -> None:
        """What acts on every kilogram of the part from now on, TCP frame: gravity less the hand's acceleration."""
        self.model.opt.gravity[:] = acceleration_m_s2

    def step(self, count: int = 1) -> None:
        self.mujoco.mj_step(self.model, self.data, count)

    @property
    def T_tcp_object(self) -> Matrix:
        T = np.eye(4)
        T[:3, 3] = self.data.qpos[2:5]
        rotation = np.empty(9)
        self.mujoco.mju_quat2Mat(rotation, self.data.qpos[5:9])
        T[:3, :3] = rotation.reshape(3, 3)
        return T

    @property
    def speed_m_s(self) -> float:
        """Of the faster of the fingers and the part."""
        return float(np.abs(self.data.qvel[:5]).max())

    def touching(self) -> tuple[bool, bool]:
        """Whether the finger at -y and the one at +y touch the part."""
        found = [False, False]
        for contact in self.data.contact[: self.data.ncon]:
            bodies = {int(self.model.geom_bodyid[geom]) for geom in (contact.geom1, contact.geom2)}
            for number, finger in enumerate(self._fingers):
                found[number] |= bodies == {finger, self._part}
        return found[0], found[1]

    def deepest_m(self) -> float:
        """How far the part reaches into fingers or palm."""
        return float(max(0.0, -min((contact.dist for contact in self.data.contact[: self.data.ncon]), default=0.0)))

    @property
    def is_finite(self) -> bool:
        return not has_diverged(self.mujoco, self.data)

    def _compile(self, part: PartMesh, gripper: Jaw, density_kg_m3: float) -> Any:
        mujoco = self.mujoco
        spec = mujoco.MjSpec()
        set_options(mujoco, spec, self.step_s)
        add_jaw(mujoco, spec, spec.worldbody, gripper, self.step_s)
        body = spec.worldbody.add_body(name="part", explicitinertial=True)
        weigh(body, inertia(part), density_kg_m3)
        body.add_freejoint()
        for number, vertices in enumerate(convex_pieces(part, fine=True)):
            spec.add_mesh(name=f"piece{number}", uservert=vertices.ravel())
            body.add_geom(
                type=mujoco.mjtGeom.mjGEOM_MESH,
                meshname=f"piece{number}",
                contype=1,
                conaffinity=HAND_BIT,
                **contact_of(self.step_s),
            )
        try:
            model = spec.compile()
        except ValueError as error:
            raise SimulationError(f"MuJoCo refuses {part.name} ({error}); check its mesh") from error
        self._part = model.body("part").id
        self._fingers = [model.body(name).id for name in FINGERS]
        return model
