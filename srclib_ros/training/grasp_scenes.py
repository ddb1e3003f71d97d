"""Simulated piles that a grasp network learns from, each kept on disk as soon as it is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from srclib_ros.artifact import read_tensors, sha256, write_tensors
from srclib_ros.captures.scene_folder import RecordedScene
from srclib_ros.errors import ArtifactError, SimulationError, TrainingError
from srclib_ros.geometry.height_map import thinning_stride
from srclib_ros.geometry.mesh import PartMesh, sample_surface
from srclib_ros.geometry.transforms import apply, invert, look_at
from srclib_ros.grasping.gripper import Gripper
from srclib_ros.grasping.network import PIXELS_PER_DIAMETER
from srclib_ros.grasping.object_model import ObjectModel
from srclib_ros.simulation.cell import BIN_SIZE_M, film
from srclib_ros.simulation.pile import BinPhysics
from srclib_ros.training.grasp_labels import LABELS, candidate_qualities
from srclib_ros.training.progress import Progress, silent
from srclib_ros.types import FloatArray, IntArray, Matrix

COPIES = (4, 20)
DISTRACTORS = (2, 7)
SCENES_PER_PILE = 3
"""A pile is filmed as it fell, and again each time that some of the parts on top were taken away."""
PILES_PER_BIN = 6
TAKEN = (0.2, 0.5)  # share of the parts on top
ON_TOP = 0.6  # visible share
BIN_IN_DIAMETERS = (2.4, 5.5)
BIN_LENGTH_M = (0.14, 0.45)
CAMERA_HEIGHT_M = (0.45, 0.85)
CAMERA_TILT_RAD = 0.2
SURFACE_POINTS = 1200
_Setup = tuple[BinPhysics, list[PartMesh], int, tuple[float, float, float]]


@dataclass(frozen=True, eq=False)
class GraspScene:
    """One filmed pile of I instances.

    points_bin: (N, 3) float32 within the bin's footprint, metres. owner: (N,) int32, the instance 1..I that a point
    lies on, 0 for the bin. T_bin_object: (I, 4, 4). is_target: (I,) bool, the network's part and no distractor.
    visibility: (I,). quality: (I, K) float32 of the candidates, 0 for distractors.
    """

    points_bin: FloatArray
    owner: IntArray
    T_bin_object: Matrix
    is_target: npt.NDArray[np.bool_]
    visibility: FloatArray
    quality: FloatArray
    bin_size_m: tuple[float, float, float]


class SceneSource:
    """Scenes of one part, number by number: the same seed and number give the same scene.

    Those in `cache` are read, the others simulated and written there. distractors: lie among the parts in half of
    the bins. Bins, mixtures and cameras vary.
    """

    def __init__(
        self,
        mesh: PartMesh,
        part: ObjectModel,
        distractors: Sequence[PartMesh],
        gripper: Gripper,
        cache: Path,
        seed: int,
    ) -> None:
        self._mesh, self._part, self._gripper, self._seed = mesh, part, gripper, seed
        self._distractors = tuple(
            other
            for other in distractors
            if other.category != mesh.category and 0.3 < other.diameter_m / mesh.diameter_m < 2.0
        )
        self._cache = Path(cache)
        self._last_setup: tuple[int, _Setup] | None = None
        self.identity = sha256(
            b"".join(
                np.ascontiguousarray(array).tobytes()
                for array in (part.candidates.T_object_tcp, part.candidates.quality, part.vertices)
            )
            + repr((LABELS, gripper, seed, SCENES_PER_PILE, [other.name for other in self._distractors])).encode()
        )[:16]

    def __getstate__(self) -> dict[str, Any]:
        """Without the bin that was simulated last, whose physics stays in its process."""
        return self.__dict__ | {"_last_setup": None}

    def scenes(self, count: int, first: int = 0, progress: Progress = silent) -> list[GraspScene]:
        """Scenes number `first` to `first + count - 1`."""
        numbers = range(first, first + count)
        return [self.scene(number) for number in progress(numbers, total=count, label=f"{self._mesh.name}: scenes")]

    def has(self, number: int) -> bool:
        """Whether the scene lies in the cache."""
        return self._path(number).is_file()

    def scene(self, number: int) -> GraspScene:
        """Read, or simulated with the others of its pile."""
        try:
            return _unpack(read_tensors(self._path(number)))
        except ArtifactError:
            pile, layer = divmod(number, SCENES_PER_PILE)
            scenes = self._simulate(pile)
            for index, made in enumerate(scenes, start=pile * SCENES_PER_PILE):
                write_tensors(self._path(index), _pack(made))
            return _unpack(_pack(scenes[layer]))  # as it is read again

    def _path(self, number: int) -> Path:
        return self._cache / f"{self.identity}_{number:05d}.safetensors"

    def _simulate(self, pile: int) -> list[GraspScene]:
        rng = np.random.default_rng((self._seed, pile))
        physics, parts, copies, bin_size_m = self._setup(pile // PILES_PER_BIN)
        for _ in range(5):
            wanted = list(range(rng.integers(min(COPIES[0], copies), copies + 1)))
            others = len(parts) - copies
            if others:
                wanted += list(
                    copies + rng.permutation(others)[: rng.integers(min(DISTRACTORS[0], others), others + 1)]
                )
            try:
                placed = [(parts[index], T_bin_object) for index, T_bin_object in physics.drop(rng, wanted)]
            except SimulationError:
                continue
            if placed:
                return self._layers(placed, bin_size_m, rng)
        raise TrainingError(
            f"{self._mesh.name}: no part comes to rest in a bin of {bin_size_m} m; check the mesh's unit"
        )

    def _setup(self, number: int) -> _Setup:
        if self._last_setup is None or self._last_setup[0] != number:
            self._last_setup = number, self._new_setup(number)
        return self._last_setup[1]

    def _new_setup(self, number: int) -> _Setup:
        """A bin, the parts that may fall into it, how many of them are copies of the network's."""
        rng = np.random.default_rng((self._seed, 1_000_000 + number))
        length = float(np.clip(self._mesh.diameter_m * rng.uniform(*BIN_IN_DIAMETERS), *BIN_LENGTH_M))
        bin_size_m = (length, length * rng.uniform(0.65, 1.0), rng.uniform(0.05, 0.13))
        if number % 4 == 3:
            bin_size_m = BIN_SIZE_M
        room = bin_size_m[0] * bin_size_m[1] / self._mesh.diameter_m**2
        copies = int(np.clip(3.0 * room, COPIES[0] + 2, COPIES[1]))
        others: list[PartMesh] = []
        if number % 2 and self._distractors:
            fitting = [other for other in self._distractors if other.diameter_m < 0.8 * bin_size_m[1]]
            chosen = rng.permutation(len(fitting))[: rng.integers(*DISTRACTORS, endpoint=True)]
            others = [fitting[index] for index in chosen]
        parts = [self._mesh] * copies + others
        return BinPhysics(parts, bin_size_m), parts, copies, bin_size_m

    def _layers(
        self, placed: list[tuple[PartMesh, Matrix]], bin_size_m: tuple[float, float, float], rng: np.random.Generator
    ) -> list[GraspScene]:
        scenes = []
        for _ in range(SCENES_PER_PILE):
            scenes.append(self._filmed(placed, bin_size_m, rng))
            on_top = np.flatnonzero(scenes[-1].visibility > ON_TOP)
            taken = rng.permutation(on_top)[: min(round(len(on_top) * rng.uniform(*TAKEN)), len(placed) - 1)]
            placed = [lying for index, lying in enumerate(placed) if index not in taken]
        return scenes

    def _filmed(
        self, placed: list[tuple[PartMesh, Matrix]], bin_size_m: tuple[float, float, float], rng: np.random.Generator
    ) -> GraspScene:
        recorded = film(placed, bin_size_m=bin_size_m, rng=rng, T_bin_camera=_hang_camera(bin_size_m, rng))
        points, owner = _points_inside(recorded, bin_size_m, self._mesh.diameter_m / PIXELS_PER_DIAMETER, rng)
        is_target = np.array([part is self._mesh for part, _ in placed])
        T_bin_object = np.array([T for _, T in placed])
        surfaces = [apply(T, _surface(part)) for part, T in placed]
        quality = np.zeros((len(placed), len(self._part.candidates)), np.float32)
        quality[is_target] = candidate_qualities(
            self._part.candidates,
            T_bin_object[is_target],
            surfaces,
            np.flatnonzero(is_target).tolist(),
            self._gripper,
            bin_size_m,
        )
        visible = np.array([part.visible_share for part in recorded.parts], np.float32)
        return GraspScene(points, owner, T_bin_object, is_target, visible, quality, bin_size_m)


def _hang_camera(bin_size_m: tuple[float, float, float], rng: np.random.Generator) -> Matrix:
    """T_bin_camera above the bin, near or far, at a slight slant."""
    height = rng.uniform(max(CAMERA_HEIGHT_M[0], 1.1 * bin_size_m[0]), CAMERA_HEIGHT_M[1])
    tilt, azimuth = CAMERA_TILT_RAD * rng.random(), rng.uniform(0.0, 2.0 * np.pi)
    away = height * np.tan(tilt)
    return look_at((away * np.cos(azimuth), away * np.sin(azimuth), height), (0.0, 0.0, 0.02), up=(0.0, 1.0, 0.0))


def _points_inside(
    recorded: RecordedScene, bin_size_m: tuple[float, float, float], pitch_m: float, rng: np.random.Generator
) -> tuple[FloatArray, IntArray]:
    """The points within the bin's footprint and whose each is, no denser than a height map of `pitch_m` needs."""
    points = apply(invert(recorded.bin.T_cloud_bin), recorded.cloud.xyz).reshape(-1, 3)
    x, y, z = points.T
    inside = np.flatnonzero((np.abs(x) <= bin_size_m[0] / 2) & (np.abs(y) <= bin_size_m[1] / 2) & (z > -0.02))
    stride = thinning_stride(len(inside), pitch_m, bin_size_m[:2])
    kept = rng.permutation(inside)[: max(1, len(inside) // stride)] if stride > 1 else inside
    return points[kept].astype(np.float32), recorded.instance_ids.reshape(-1)[kept].astype(np.int32)


@lru_cache(maxsize=256)
def _surface(part: PartMesh) -> FloatArray:
    return sample_surface(part, SURFACE_POINTS, np.random.default_rng(0))[0]


def _pack(scene: GraspScene) -> dict[str, npt.NDArray[np.generic]]:
    return {
        "points_bin": scene.points_bin,
        "owner": scene.owner.astype(np.uint8),
        "T_bin_object": scene.T_bin_object,
        "is_target": scene.is_target.astype(np.uint8),
        "visibility": scene.visibility,
        "quality": np.rint(scene.quality * 255).astype(np.uint8),
        "bin_size_m": np.array(scene.bin_size_m),
    }


def _unpack(arrays: dict[str, npt.NDArray[np.generic]]) -> GraspScene:
    length, width, height = arrays["bin_size_m"].tolist()
    return GraspScene(
        arrays["points_bin"].astype(np.float32),
        arrays["owner"].astype(np.int32),
        arrays["T_bin_object"].astype(np.float64),
        arrays["is_target"].astype(bool),
        arrays["visibility"].astype(np.float32),
        arrays["quality"].astype(np.float32) / 255.0,
        (length, width, height),
    )
