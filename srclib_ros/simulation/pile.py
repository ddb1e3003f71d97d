"""Parts dropped into a bin, one after the other, until they lie still (MuJoCo)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial import ConvexHull
from scipy.spatial.transform import Rotation

from srclib_ros.errors import MissingDependencyError, SimulationError
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.simulation.bin_bodies import SIDES, WALL_M, add_floor, add_parts, add_wall, pile_contact
from srclib_ros.simulation.mujoco_bodies import has_diverged
from srclib_ros.types import Matrix

STEP_S = 0.002
RELEASE_EVERY_S = 0.08
SETTLE_S = 2.0
STILL_M_S, STILL_RAD_S = 0.01, 0.2
DAMPING_AFTER_S = 0.6  # from here on a rolling part is braked, as dirt and dents would
SHAKE = (0.1, 0.1, 0.1, 3.0, 3.0, 3.0)  # of the bin, when all lies: m/s and rad/s, standard deviations
GUARD_M = 1.0  # height of the walls while parts fall


class BinPhysics:
    """A bin and a set of parts, compiled once and dropped as often as wanted.

    bin_size_m: inner length, width, height. Raises SimulationError when a part is larger than the bin.
    """

    def __init__(self, parts: Sequence[PartMesh], bin_size_m: tuple[float, float, float]) -> None:
        try:
            import mujoco
        except ImportError as error:
            raise MissingDependencyError("dropping parts needs MuJoCo; pip install 'srclib-ros[sim]'") from error
        self._mujoco = mujoco
        self._size = np.asarray(bin_size_m, np.float64)
        self._parts = tuple(parts)
        for part in parts:
            if part.diameter_m > np.hypot(*self._size[:2]):
                raise SimulationError(
                    f"{part.name}: {part.diameter_m:.3f} m across does not fit a bin of {bin_size_m} m; "
                    "check the parts' unit, or use a larger bin"
                )
        self._corners = [part.vertices[ConvexHull(part.vertices).vertices] for part in parts]
        self._model = self._compile()
        self._guards = [self._model.geom(f"guard{i}").id for i in range(4)]

    def drop(self, rng: np.random.Generator, which: Sequence[int] | None = None) -> list[tuple[int, Matrix]]:
        """Drop all parts, or those numbered in `which`, in random order and orientation, until they lie still.

        Returns (index of the part, T_bin_object (4, 4)) for each that lies in the bin, in the order of the indices.
        """
        mujoco, model = self._mujoco, self._model
        data = mujoco.MjData(model)
        self._park(data, range(len(self._parts)))
        self._guard(True)
        wanted = np.arange(len(self._parts)) if which is None else np.asarray(which, np.int64)
        inside: list[int] = []
        for index in rng.permutation(wanted):
            self._release(data, int(index), inside, rng)
            inside.append(int(index))
            mujoco.mj_step(model, data, round(RELEASE_EVERY_S / STEP_S))
        self._settle(data)
        moving = np.repeat(np.isin(np.arange(len(self._parts)), inside), 6).reshape(-1, 6)
        data.qvel += (moving * rng.normal(0.0, SHAKE, moving.shape)).ravel()  # or washers stand on their rims
        self._settle(data)
        self._guard(False)
        while True:
            self._settle(data)
            left = [index for index in inside if not self._lies_inside(data, index)]
            if not left:
                return [(index, self._pose(data, index)) for index in sorted(inside)]
            inside = [index for index in inside if index not in left]
            self._park(data, left)

    def deepest_contact_m(self, poses: Sequence[tuple[int, Matrix]]) -> float:
        """How far the convex pieces of parts at these poses, or a part and the bin, overlap at most."""
        mujoco, model = self._mujoco, self._model
        data = mujoco.MjData(model)
        self._park(data, range(len(self._parts)))
        for index, T_bin_object in poses:
            self._place(data, index, T_bin_object)
        mujoco.mj_forward(model, data)
        return float(max(0.0, -min((contact.dist for contact in data.contact[: data.ncon]), default=0.0)))

    def _compile(self) -> Any:
        mujoco = self._mujoco
        spec = mujoco.MjSpec()
        spec.option.timestep = STEP_S
        spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
        spec.option.impratio = 3.0
        contact = pile_contact(STEP_S)
        add_floor(mujoco, spec, **contact)
        for i, side in enumerate(SIDES):
            for name, low, high in (("wall", -WALL_M, self._size[2]), ("guard", self._size[2], GUARD_M)):
                add_wall(mujoco, spec, f"{name}{i}", side, self._size, WALL_M, low, high, **contact)
        add_parts(mujoco, spec, self._parts, gravcomp=1.0, **contact)
        try:
            return spec.compile()
        except ValueError as error:
            raise SimulationError(f"MuJoCo refuses these parts ({error}); check their meshes") from error

    def _release(self, data: Any, index: int, inside: Sequence[int], rng: np.random.Generator) -> None:
        """Put a part above all that lies or falls beneath its footprint, at a random place and orientation."""
        for _ in range(50):
            rotation = Rotation.random(rng=rng).as_matrix()
            corners = self._corners[index] @ rotation.T
            room = self._size[:2] - np.ptp(corners[:, :2], axis=0)
            if (room > 0.0).all():
                break
        room = np.maximum(room, 0.0)
        middle = (corners[:, :2].min(axis=0) + corners[:, :2].max(axis=0)) / 2.0
        at = rng.uniform(-room / 2.0, room / 2.0) - middle
        low, high = corners[:, :2].min(axis=0) + at, corners[:, :2].max(axis=0) + at
        top = 0.0
        for other in inside:
            placed = self._placed(data, other)
            if (placed[:, :2].min(axis=0) < high).all() and (placed[:, :2].max(axis=0) > low).all():
                top = max(top, placed[:, 2].max())
        T_bin_object = np.eye(4)
        T_bin_object[:3, :3] = rotation
        T_bin_object[:3, 3] = *at, top + 0.01 - corners[:, 2].min()
        self._place(data, index, T_bin_object)
        self._model.body_gravcomp[1 + index] = 0.0

    def _settle(self, data: Any) -> None:
        """Step until everything has been slow for 50 ms, at most SETTLE_S."""
        block = round(0.05 / STEP_S)
        for passed in np.arange(0.0, SETTLE_S, 0.05):
            braking = passed > DAMPING_AFTER_S
            for _ in range(5 if braking else 1):
                self._mujoco.mj_step(self._model, data, block // (5 if braking else 1))
                if braking:
                    data.qvel *= 0.7
            self._check(data)
            speed = np.abs(data.qvel.reshape(-1, 6))
            if speed[:, :3].max(initial=0.0) < STILL_M_S and speed[:, 3:].max(initial=0.0) < STILL_RAD_S:
                return

    def _check(self, data: Any) -> None:
        if has_diverged(self._mujoco, data):
            raise SimulationError("the physics diverged; drop fewer parts at once, or check their meshes")

    def _lies_inside(self, data: Any, index: int) -> bool:
        centre = self._pose(data, index)[:3, 3]
        lowest = self._placed(data, index)[:, 2].min()
        return bool((np.abs(centre[:2]) < self._size[:2] / 2.0).all() and lowest > -0.003)

    def _park(self, data: Any, indices: Sequence[int] | range) -> None:
        """Put parts far away, side by side and weightless."""
        for index in indices:
            aside = np.eye(4)
            aside[:3, 3] = 5.0 + index, 0.0, 2.0
            self._place(data, index, aside)
            self._model.body_gravcomp[1 + index] = 1.0

    def _guard(self, up: bool) -> None:
        self._model.geom_contype[self._guards] = self._model.geom_conaffinity[self._guards] = int(up)

    def _place(self, data: Any, index: int, T_bin_object: Matrix) -> None:
        quaternion = Rotation.from_matrix(T_bin_object[:3, :3]).as_quat(scalar_first=True)
        data.qpos[7 * index : 7 * index + 7] = np.concatenate([T_bin_object[:3, 3], quaternion])
        data.qvel[6 * index : 6 * index + 6] = 0.0

    def _pose(self, data: Any, index: int) -> Matrix:
        qpos = data.qpos[7 * index : 7 * index + 7]
        T_bin_object = np.eye(4)
        T_bin_object[:3, :3] = Rotation.from_quat(qpos[3:], scalar_first=True).as_matrix()
        T_bin_object[:3, 3] = qpos[:3]
        return T_bin_object

    def _placed(self, data: Any, index: int) -> npt.NDArray[np.float64]:
        T = self._pose(data, index)
        return self._corners[index] @ T[:3, :3].T + T[:3, 3]


def drop_parts(
    parts: Sequence[PartMesh], bin_size_m: tuple[float, float, float], rng: np.random.Generator
) -> list[tuple[int, Matrix]]:
    """One `BinPhysics.drop` of parts (repeats allowed): (index into `parts`, T_bin_object) of those in the bin."""
    return BinPhysics(parts, bin_size_m).drop(rng)
