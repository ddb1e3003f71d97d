"""A parallel jaw and one part in MuJoCo, in the frame of the hand, which physics sees standing still.

A hand that moves without turning is an accelerated frame: what pulls at the part in it is gravity less the hand's
acceleration, exactly. So no servo has to hold the hand, and none shakes it.

Settings as measured against known answers and against a second engine: pads of 3 x 3 spheres (one box holds torsion too
well), which alone decide the friction; a constant force with the damping that makes the fingers close at a constant
speed; the discrete integrator, with which contacts of so light a finger do not chatter.
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
from srclib_ros.simulation.mujoco_bodies import DENSITY_KG_M3, has_diverged, weigh
from srclib_ros.types import Matrix

STEP_S = 0.002
CLOSING_M_S = 0.1
FINGER_KG = 0.05
PAD_SPHERE_M = 0.002
PAD_TORSION_M = 0.003  # of each sphere: its patch resists turning about the normal
RECESS_M = 0.0005  # of the finger behind its pad
SOLIMP = (0.99, 0.999, 0.0005, 0.5, 2.0)


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
        spec.option.timestep = self.step_s
        contact: dict[str, Any] = {"solref": (2.0 * self.step_s, 1.0), "solimp": SOLIMP}
        spec.option.integrator = mujoco.mjtIntegrator.mjINT_DISCRETE
        spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
        spec.option.impratio = 10.0
        boxes = gripper.boxes_tcp(0.0)
        fingers = []
        for number, side in enumerate((-1.0, 1.0)):
            finger = spec.worldbody.add_body(name=f"finger{number}", gravcomp=1.0, explicitinertial=True)
            finger.mass, finger.inertia = FINGER_KG, np.full(3, 1e-4)
            joint = finger.add_joint(
                name=f"slide{number}",
                type=mujoco.mjtJoint.mjJNT_SLIDE,
                axis=(0.0, side, 0.0),
                damping=gripper.force_n / CLOSING_M_S,
                range=(0.0, gripper.stroke_m / 2.0),
                limited=mujoco.mjtLimited.mjLIMITED_TRUE,
            )
            low, high = boxes[number]
            finger.add_geom(
                type=mujoco.mjtGeom.mjGEOM_BOX,
                size=(high - low) / 2.0,
                pos=(low + high) / 2.0 + (0.0, side * RECESS_M, 0.0),
                contype=2,
                conaffinity=1,
                friction=(gripper.friction, 0.0, 0.0),
                condim=3,
                priority=1,
                **contact,
            )
            for place in pad_spheres(gripper, side):
                finger.add_geom(
                    type=mujoco.mjtGeom.mjGEOM_SPHERE,
                    size=(PAD_SPHERE_M, 0.0, 0.0),
                    pos=place,
                    contype=2,
                    conaffinity=1,
                    friction=(gripper.friction, gripper.friction * PAD_TORSION_M, 0.0),
                    condim=4,
                    priority=1,
                    **contact,
                )
            motor = spec.add_actuator(name=f"motor{number}", trntype=mujoco.mjtTrn.mjTRN_JOINT, target=joint.name)
            motor.gainprm[0] = 1.0
            fingers.append(joint.name)
        spec.add_equality(
            type=mujoco.mjtEq.mjEQ_JOINT, objtype=mujoco.mjtObj.mjOBJ_JOINT, name1=fingers[0], name2=fingers[1],
            data=(0.0, 1.0, *[0.0] * 10), **contact,
        )  # fmt: skip
        low, high = boxes[2]
        spec.worldbody.add_geom(
            type=mujoco.mjtGeom.mjGEOM_BOX, size=(high - low) / 2.0, pos=(low + high) / 2.0, contype=2, conaffinity=1,
            friction=(gripper.friction, 0.0, 0.0), condim=3, priority=1, **contact,
        )  # fmt: skip
        body = spec.worldbody.add_body(name="part", explicitinertial=True)
        weigh(body, inertia(part), density_kg_m3)
        body.add_freejoint()
        for number, vertices in enumerate(convex_pieces(part)):
            spec.add_mesh(name=f"piece{number}", uservert=vertices.ravel())
            body.add_geom(
                type=mujoco.mjtGeom.mjGEOM_MESH, meshname=f"piece{number}", contype=1, conaffinity=2, **contact
            )
        try:
            model = spec.compile()
        except ValueError as error:
            raise SimulationError(f"MuJoCo refuses {part.name} ({error}); check its mesh") from error
        self._part = model.body("part").id
        self._fingers = [model.body(f"finger{number}").id for number in range(2)]
        return model


def pad_spheres(gripper: Jaw, side: float) -> Matrix:
    """(9, 3) centres, TCP frame, of the spheres whose outermost points are the pad of the finger at `side` (-1, 1) of a
    closed gripper."""
    x, z = (
        (length / 2.0 - PAD_SPHERE_M) * np.array([-1.0, 0.0, 1.0])
        for length in (gripper.finger_width_m, gripper.pad_height_m)
    )
    xs, zs = np.meshgrid(x, z - gripper.pad_height_m / 2.0)
    return np.stack([xs.ravel(), np.full(9, side * PAD_SPHERE_M), zs.ravel()], axis=1)
