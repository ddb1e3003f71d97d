"""A hand above a pile in MuJoCo: the physics that `pile_trial.PileTrial` asks for, whatever the hand grips with.

The hand hangs on a carriage of three slides along the bin's axes, so heavy that nothing it meets moves it: the force
that gives it the wanted acceleration makes it follow that motion exactly, and no servo is there to shake. Its
orientation is a constant of the model that every grasp sets anew.

Hand and bin do not push each other in physics: neither gives way, and where both touch the solver would press without
bounds. Whether the hand reaches into the bin is a matter of geometry, as everything on its way in is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from srclib_ros.errors import MissingDependencyError, SimulationError
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.grasping.gripper import Gripper
from srclib_ros.simulation.bin_bodies import SIDES, WALL_M, add_floor, add_parts, add_wall, pile_contact
from srclib_ros.simulation.cell import SHEET_M
from srclib_ros.simulation.jaw import HAND_BIT, STEP_S, set_options
from srclib_ros.simulation.mujoco_bodies import has_diverged
from srclib_ros.types import Matrix

CARRIAGE_KG = 1e7
BIN = -1  # the bin, where parts are numbered from 0
PARKED_M = 5.0  # height of the hand while it is not used
SETTLE_S, BRAKE = 0.3, 0.7  # of the speed is left after every 10 ms
ASLEEP_STEPS = 20


class PileHand(ABC):
    """Parts at rest in a bin and a hand, compiled once. `pile_jaw` and `pile_cup` say what the hand consists of.

    parts: (part, T_bin_object) each. settled: their poses at rest. moved_m: (N,) how far the origin of each moved until
    it lay still. centres_object: (N, 3) centres of mass. Raises MissingDependencyError, SimulationError.
    """

    def __init__(
        self,
        parts: Sequence[tuple[PartMesh, Matrix]],
        bin_size_m: tuple[float, float, float],
        gripper: Gripper,
        step_s: float = STEP_S,
    ) -> None:
        try:
            import mujoco
        except ImportError as error:
            raise MissingDependencyError("grasp trials need MuJoCo; pip install 'srclib-ros[sim]'") from error
        self._mujoco, self.gripper, self.step_s = mujoco, gripper, step_s
        self.parts = tuple(part for part, _ in parts)
        self.model = self._compile(np.asarray(bin_size_m, np.float64))
        self._bodies = [self.model.body(f"part{i}").id for i in range(len(parts))]
        self._numbers = {body: i for i, body in enumerate(self._bodies)} | {0: BIN}
        self._hand = self.model.body("hand").id
        self._first_part = self.model.nq - 7 * len(parts)
        self.centres_object = self.model.body_ipos[self._bodies].copy()
        self._in_physics, self._in_geometry = self._masks()
        self._geometry_only(False)
        self._settled = self._settle([T for _, T in parts])
        self.settled = self._poses(self._settled)
        self.moved_m = np.array(
            [np.linalg.norm(T[:3, 3] - before[:3, 3]) for T, (_, before) in zip(self.settled, parts, strict=True)]
        )
        self.data, self._still = mujoco.MjData(self.model), mujoco.MjData(self.model)
        mujoco.mj_copyData(self._still, self.model, self._settled)

    def start(self, T_bin_tcp: Matrix, opening_m: float) -> None:
        """The settled pile again, the hand at rest at this pose, open and about to take hold."""
        self._mujoco.mj_copyData(self.data, self.model, self._settled)
        self._aim(self.data, T_bin_tcp, opening_m)
        self._mujoco.mj_forward(self.model, self.data)

    def step(self, acceleration_m_s2: Matrix | None = None, count: int = 1) -> None:
        """acceleration_m_s2: (3,) of the hand, bin frame; None: it stands still, or moves on as it does."""
        self.data.qfrc_applied[:3] = 0.0 if acceleration_m_s2 is None else CARRIAGE_KG * acceleration_m_s2
        self._mujoco.mj_step(self.model, self.data, count)

    @property
    def poses(self) -> list[Matrix]:
        """T_bin_object of each part."""
        return self._poses(self.data)

    @property
    def T_bin_tcp(self) -> Matrix:
        T = np.eye(4)
        T[:3, :3] = self._rotation.as_matrix()
        T[:3, 3] = self.model.body_pos[self._hand] + self.data.qpos[:3]
        return T

    def touched_by(self, part: int) -> set[int]:
        """What touches a part besides the hand: the other parts, and `BIN`."""
        pairs = [{self._numbers.get(a), self._numbers.get(b)} for a, b, _ in self._contacts(self.data)]
        return {other for pair in pairs if part in pair for other in pair - {part, None} if other is not None}

    def depths_m(self, T_bin_tcp: Matrix, opening_m: float) -> dict[int, float]:
        """How deep the hand would reach into `BIN` and each part of the settled pile, where it does at all."""
        deepest: dict[int, float] = {}
        for _, other, depth_m in self._meets(T_bin_tcp, opening_m):
            deepest[other] = max(deepest.get(other, 0.0), depth_m)
        return deepest

    @property
    def is_finite(self) -> bool:
        return not has_diverged(self._mujoco, self.data)

    def bin_depth_m(self) -> float:
        """How deep the hand reaches into the bin, where it is now."""
        self._still.qpos[: self._first_part] = self.data.qpos[: self._first_part]
        return max((depth for _, other, depth in self._overlaps() if other == BIN), default=0.0)

    def _meets(self, T_bin_tcp: Matrix, opening_m: float) -> list[tuple[int, int, float]]:
        """`_overlaps` of the hand at this pose, which is then its own."""
        self._aim(self._still, T_bin_tcp, opening_m)
        return self._overlaps()

    def _overlaps(self) -> list[tuple[int, int, float]]:
        """(body of the hand, part or `BIN`, depth in metres) of each overlap of the hand with the settled pile."""
        mujoco, data = self._mujoco, self._still
        self._geometry_only(True)
        mujoco.mj_kinematics(self.model, data)
        mujoco.mj_collision(self.model, data)
        self._geometry_only(False)
        found = []
        for first, second, dist in self._contacts(data):
            hand, other = (first, second) if second in self._numbers else (second, first)
            found.append((hand, self._numbers[other], -dist))
        return found

    def _contacts(self, data: Any) -> list[tuple[int, int, float]]:
        """(body, body, distance) of each contact."""
        count = data.ncon
        bodies = self.model.geom_bodyid[data.contact.geom[:count]]
        return list(zip(*bodies.T.tolist(), data.contact.dist[:count].tolist(), strict=True)) if count else []

    def _masks(self) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
        """(contype, conaffinity) of all geoms in physics, where hand and bin do not meet, and when the hand alone is
        looked at, which meets parts, floor and walls as thick as they are."""
        contype, conaffinity = self.model.geom_contype.copy(), self.model.geom_conaffinity.copy()
        hand = contype == HAND_BIT
        in_geometry = np.where(hand, HAND_BIT, 0), np.where(hand, 0, HAND_BIT)
        in_geometry[1][self._thick] = 0
        conaffinity[self._sheets] = 0
        return (contype, conaffinity), in_geometry

    def _geometry_only(self, on: bool) -> None:
        self.model.geom_contype[:], self.model.geom_conaffinity[:] = self._in_geometry if on else self._in_physics

    def _aim(self, data: Any, T_bin_tcp: Matrix, opening_m: float) -> None:
        self._rotation = Rotation.from_matrix(T_bin_tcp[:3, :3])
        self.model.body_pos[self._hand] = T_bin_tcp[:3, 3]
        self.model.body_quat[self._hand] = self._rotation.as_quat(scalar_first=True)
        data.qpos[:3] = 0.0
        self._open(data, opening_m)

    def _poses(self, data: Any) -> list[Matrix]:
        found = []
        for qpos in data.qpos[self._first_part :].reshape(-1, 7):
            T = np.eye(4)
            T[:3, :3] = Rotation.from_quat(qpos[3:], scalar_first=True).as_matrix()
            T[:3, 3] = qpos[:3]
            found.append(T)
        return found

    def _settle(self, T_bin_object: Sequence[Matrix]) -> Any:
        """The parts at rest, and asleep, near where they were recorded: what a renderer filmed weighs nothing."""
        mujoco, data = self._mujoco, self._mujoco.MjData(self.model)
        lifted = np.eye(4)
        lifted[2, 3] = PARKED_M
        self._aim(data, lifted, 0.0)
        for index, T in enumerate(T_bin_object):
            at = self._first_part + 7 * index
            quaternion = Rotation.from_matrix(T[:3, :3]).as_quat(scalar_first=True)
            data.qpos[at : at + 7] = np.concatenate([T[:3, 3], quaternion])
        for _ in range(round(SETTLE_S / 0.01)):
            mujoco.mj_step(self.model, data, round(0.01 / self.step_s))
            data.qvel *= BRAKE
        for _ in range(ASLEEP_STEPS):
            data.qvel[:] = 0.0
            mujoco.mj_step(self.model, data)
        data.qvel[:] = 0.0
        if has_diverged(mujoco, data):
            raise SimulationError("the parts do not come to rest where the scene has them; simulate the scene again")
        return data

    @abstractmethod
    def _add_gripper(self, spec: Any, hand: Any) -> None:
        """Give the body `hand` of `spec`, whose frame is the TCP's, what it grips with."""

    @abstractmethod
    def _open(self, data: Any, opening_m: float) -> None:
        """Set the fingers, where there are any, so wide apart."""

    def _compile(self, size_m: Matrix) -> Any:
        mujoco = self._mujoco
        spec = mujoco.MjSpec()
        set_options(mujoco, spec, self.step_s)
        spec.option.enableflags |= mujoco.mjtEnableBit.mjENBL_SLEEP  # parts that nothing stirs cost nothing
        spec.option.jacobian = mujoco.mjtJacobian.mjJAC_DENSE  # MuJoCo 4.0.0 has a fault in its sparse one
        carriage = spec.worldbody
        for axis in range(3):
            carriage = carriage.add_body(gravcomp=1.0, explicitinertial=True, mass=1e-3, inertia=np.full(3, 1e-6))
            carriage.add_joint(type=mujoco.mjtJoint.mjJNT_SLIDE, axis=np.eye(3)[axis], armature=CARRIAGE_KG)
        spec.bodies[1].sleep = mujoco.mjtSleepPolicy.mjSLEEP_NEVER  # nothing meets a hand that sleeps
        hand = carriage.add_body(name="hand", gravcomp=1.0, explicitinertial=True, mass=1e-3, inertia=np.full(3, 1e-6))
        self._add_gripper(spec, hand)
        contact = pile_contact(self.step_s)
        add_floor(mujoco, spec, **contact)
        for i, side in enumerate(SIDES):
            add_wall(mujoco, spec, f"thick{i}", side, size_m, WALL_M, -WALL_M, size_m[2], **contact)
            add_wall(mujoco, spec, f"sheet{i}", side, size_m, SHEET_M, 0.0, size_m[2], contype=0, conaffinity=HAND_BIT)
        add_parts(mujoco, spec, self.parts, gravcomp=0.0, fine=True, **contact, conaffinity=1 | HAND_BIT)
        try:
            model = spec.compile()
        except ValueError as error:
            raise SimulationError(f"MuJoCo refuses these parts ({error}); check their meshes") from error
        light = model.dof_M0[model.dof_M0 < CARRIAGE_KG]
        if len(light):
            model.stat.meaninertia = light.mean()  # by which the solver judges whether it is done
        self._thick, self._sheets = (
            [model.geom(f"{name}{i}").id for i in range(len(SIDES))] for name in ("thick", "sheet")
        )
        return model
