"""A parallel jaw and one part in a second engine (PyBullet), to see whether the trials' labels depend on the engine.

Development alone: nothing that runs in the cell or trains a network asks for it. Bullet's traps: it grows convex meshes
by a margin, keeps 16 shapes of a compound made in one call, forgets some of what one call sets of a link, and ends its
iterations early at the small impulses of small parts.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial import ConvexHull
from scipy.spatial.transform import Rotation

from srclib_ros.errors import MissingDependencyError
from srclib_ros.geometry.inertia import inertia
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.geometry.transforms import invert
from srclib_ros.grasping.gripper import Gripper, as_jaw
from srclib_ros.grasping.jaw import Jaw
from srclib_ros.simulation.convex_pieces import convex_pieces
from srclib_ros.simulation.jaw import CLOSING_M_S, FINGER_KG, PAD_SPHERE_M, PAD_TORSION_M, RECESS_M, pad_spheres
from srclib_ros.simulation.mujoco_bodies import DENSITY_KG_M3
from srclib_ros.types import Matrix

STEP_S = 0.001
ITERATIONS = 100
BREAKING_M = 0.002
NEVER_ENOUGH = 1e-30
STIFFNESS_N_M, DAMPING_NS_M = 1e5, 1e2  # rigid contacts carry everything on a few of a pad's spheres


class BulletHand:
    """As `hand.Hand`, in Bullet. Raises GripperError, MissingDependencyError."""

    step_s = STEP_S

    def __init__(self, part: PartMesh, gripper: Gripper, density_kg_m3: float = DENSITY_KG_M3) -> None:
        try:
            with _printing_aside():
                import pybullet
                from pybullet_utils.bullet_client import BulletClient
        except ImportError as error:
            raise MissingDependencyError("the second engine needs PyBullet; pip install pybullet==3.2.7") from error
        jaw = as_jaw(gripper, "a trial that closes fingers")
        self._names = pybullet
        with _printing_aside():
            self._engine: Any = BulletClient(connection_mode=pybullet.DIRECT)
        self._gripper = jaw
        self._engine.setPhysicsEngineParameter(
            fixedTimeStep=STEP_S,
            numSolverIterations=ITERATIONS,
            contactBreakingThreshold=BREAKING_M,
            solverResidualThreshold=NEVER_ENOUGH,
        )
        self._hand = self._add_hand(jaw)
        mass = inertia(part)
        self.part_mass_kg = density_kg_m3 * mass.volume_m3
        self.centre_object = mass.centre
        moments, axes = np.linalg.eigh(density_kg_m3 * mass.tensor)
        axes[:, 2] *= np.sign(np.linalg.det(axes))
        self._T_object_inertial = np.eye(4)
        self._T_object_inertial[:3, :3], self._T_object_inertial[:3, 3] = axes, mass.centre
        self._part = self._add_part(part, moments)

    def place(self, T_tcp_object: Matrix, opening_m: float) -> None:
        engine = self._engine
        T = T_tcp_object @ self._T_object_inertial
        engine.resetBasePositionAndOrientation(self._part, T[:3, 3], Rotation.from_matrix(T[:3, :3]).as_quat())
        engine.resetBaseVelocity(self._part, (0, 0, 0), (0, 0, 0))
        for joint in range(2):
            engine.resetJointState(self._hand, joint, opening_m / 2.0, 0.0)
            engine.setJointMotorControl2(
                self._hand,
                joint,
                self._names.VELOCITY_CONTROL,
                targetVelocity=-CLOSING_M_S,
                force=self._gripper.force_n,
            )
        self.pull(np.zeros(3))
        engine.performCollisionDetection()

    def pull(self, acceleration_m_s2: Matrix) -> None:
        self._engine.setGravity(*acceleration_m_s2)

    def step(self, count: int = 1) -> None:
        for _ in range(count):
            self._engine.stepSimulation()

    @property
    def T_tcp_object(self) -> Matrix:
        position, quaternion = self._engine.getBasePositionAndOrientation(self._part)
        T = np.eye(4)
        T[:3, :3], T[:3, 3] = Rotation.from_quat(quaternion).as_matrix(), position
        return T @ invert(self._T_object_inertial)

    @property
    def speed_m_s(self) -> float:
        fingers = [abs(self._engine.getJointState(self._hand, joint)[1]) for joint in range(2)]
        return float(max(*fingers, *map(abs, self._engine.getBaseVelocity(self._part)[0])))

    def touching(self) -> tuple[bool, bool]:
        first, second = (bool(self._contacts(link)) for link in range(2))
        return first, second

    def deepest_m(self) -> float:
        return float(max(0.0, -min((contact[8] for contact in self._contacts()), default=0.0)))

    @property
    def is_finite(self) -> bool:
        return bool(np.isfinite(self.T_tcp_object).all())

    def _set(self, body: int, link: int, **own: float) -> None:
        """One at a time: Bullet forgets some of what one call sets of a link."""
        common = {"collisionMargin": 0.0, "linearDamping": 0.0, "angularDamping": 0.0}
        for name, value in (common | own).items():
            self._engine.changeDynamics(body, link, **{name: value})
        self._engine.changeDynamics(body, link, contactStiffness=STIFFNESS_N_M, contactDamping=DAMPING_NS_M)

    def _contacts(self, link: int | None = None) -> list[tuple[Any, ...]]:
        found = self._engine.getContactPoints(self._hand, self._part) or ()
        return [contact for contact in found if (link is None or contact[3] == link) and contact[8] <= 0.0]

    def _add_hand(self, gripper: Jaw) -> int:
        engine, names = self._engine, self._names
        boxes = gripper.boxes_tcp(0.0)
        low, high = boxes[2]
        palm = engine.createCollisionShape(
            names.GEOM_BOX, halfExtents=(high - low) / 2.0, collisionFramePosition=(low + high) / 2.0
        )
        fingers = []
        for number, side in enumerate((-1.0, 1.0)):
            low, high = boxes[number]
            places = [(low + high) / 2.0 + (0.0, side * RECESS_M, 0.0), *pad_spheres(gripper, side)]
            count = len(places) - 1
            fingers.append(
                engine.createCollisionShapeArray(
                    shapeTypes=[names.GEOM_BOX] + [names.GEOM_SPHERE] * count,
                    halfExtents=[((high - low) / 2.0).tolist()] + [[0, 0, 0]] * count,
                    radii=[0.0] + [PAD_SPHERE_M] * count,
                    collisionFramePositions=[list(place) for place in places],
                )
            )
        hand: int = engine.createMultiBody(
            baseMass=0.0,
            baseCollisionShapeIndex=palm,
            linkMasses=[FINGER_KG] * 2,
            linkCollisionShapeIndices=fingers,
            linkVisualShapeIndices=[-1] * 2,
            linkPositions=[(0, 0, 0)] * 2,
            linkOrientations=[(0, 0, 0, 1)] * 2,
            linkInertialFramePositions=[(0, 0, 0)] * 2,
            linkInertialFrameOrientations=[(0, 0, 0, 1)] * 2,
            linkParentIndices=[0, 0],
            linkJointTypes=[names.JOINT_PRISMATIC] * 2,
            linkJointAxis=[(0, -1, 0), (0, 1, 0)],
        )
        gear = engine.createConstraint(hand, 0, hand, 1, names.JOINT_GEAR, (0, 1, 0), (0, 0, 0), (0, 0, 0))
        engine.changeConstraint(gear, gearRatio=-1.0, maxForce=1e4, erp=0.9)
        for link in (-1, 0, 1):
            self._set(hand, link, lateralFriction=gripper.friction, spinningFriction=gripper.friction * PAD_TORSION_M)
            engine.setCollisionFilterGroupMask(hand, link, 2, 1)
        return hand

    def _add_part(self, part: PartMesh, moments: Matrix) -> int:
        T_inertial_object = invert(self._T_object_inertial)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "part.obj"
            path.write_text(_as_groups(convex_pieces(part, fine=True), T_inertial_object))
            shape = self._engine.createCollisionShape(self._names.GEOM_MESH, fileName=str(path))
        body: int = self._engine.createMultiBody(baseMass=self.part_mass_kg, baseCollisionShapeIndex=shape)
        self._engine.changeDynamics(body, -1, localInertiaDiagonal=moments.tolist())
        # Bullet adds each one's spinning friction times the other's friction: the pads' own is all
        self._set(body, -1, lateralFriction=1.0, spinningFriction=0.0)
        self._engine.setCollisionFilterGroupMask(body, -1, 1, 2)
        return body


@contextmanager
def _printing_aside() -> Iterator[None]:
    """Bullet tells of itself on standard output, where a command's answer goes; here that goes to standard error."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def _as_groups(pieces: list[Matrix], T: Matrix) -> str:
    """Wavefront text, a group for each convex piece, of which Bullet takes the hull."""
    lines: list[str] = []
    first = 1
    for number, vertices in enumerate(pieces):
        lines.append(f"o piece{number}")
        lines += [f"v {x:.9f} {y:.9f} {z:.9f}" for x, y, z in vertices @ T[:3, :3].T + T[:3, 3]]
        lines += [f"f {a} {b} {c}" for a, b, c in ConvexHull(vertices).simplices + first]
        first += len(vertices)
    return "\n".join(lines) + "\n"
