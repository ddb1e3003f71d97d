"""What a grasp network speaks of: the part, its symmetries, and the grasp candidates that it rates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from srclib_ros.artifact import read_tensors, write_tensors
from srclib_ros.errors import ArtifactDamagedError
from srclib_ros.geometry.mesh import PartMesh, sample_surface
from srclib_ros.grasping.above_floor import reach_between
from srclib_ros.grasping.candidates import GraspCandidates, generate_candidates
from srclib_ros.grasping.gripper import Gripper
from srclib_ros.grasping.symmetry import symmetry_group
from srclib_ros.types import FloatArray, IntArray, Matrix

FILE = "object.safetensors"
SURFACE_POINTS = 2048
SYMMETRY_POINTS = 20_000
CANDIDATES = 48


@dataclass(frozen=True, eq=False)
class ObjectModel:
    """Object frame, metres.

    vertices: (V, 3) float32. faces: (F, 3) int32. surface_points, surface_normals: (S, 3) float32, an even sample.
    symmetry: (G, 4, 4) turns about the centroid that leave the part as it is, the identity first.
    candidates: K grasps, in the order of the network's qualities. R_canonical_object: (3, 3) into the canonical frame,
    which the network's rotations speak of; the object frame itself, or that of the source that the network began as.
    """

    name: str
    category: str
    diameter_m: float
    vertices: FloatArray
    faces: IntArray
    surface_points: FloatArray
    surface_normals: FloatArray
    symmetry: Matrix
    candidates: GraspCandidates
    R_canonical_object: Matrix = field(default_factory=lambda: np.eye(3))

    @cached_property
    def centroid_m(self) -> Matrix:
        """(3,) centroid of the surface; symmetries leave it where it is."""
        return self.surface_points.mean(axis=0, dtype=np.float64)

    @cached_property
    def inertia(self) -> Matrix:
        """(3, 3) second moments of the surface about the centroid, in diameters squared (Bregier's Lambda squared)."""
        spread = (self.surface_points - self.centroid_m) / self.diameter_m
        moments: Matrix = spread.T @ spread / len(spread)
        return moments


ChooseCandidates = Callable[[PartMesh, Gripper, np.random.Generator, int, Matrix], GraspCandidates]


def describe(
    mesh: PartMesh,
    gripper: Gripper,
    rng: np.random.Generator,
    k: int = CANDIDATES,
    choose: ChooseCandidates = generate_candidates,
) -> ObjectModel:
    """The object model of a mesh: symmetries found, at most `k` candidates for `gripper` chosen."""
    even, _ = sample_surface(mesh, SYMMETRY_POINTS, rng)
    symmetry = symmetry_group(even, mesh.diameter_m)
    points, normals = sample_surface(mesh, SURFACE_POINTS, rng)
    candidates = choose(mesh, gripper, rng, k, symmetry)
    return ObjectModel(
        name=mesh.name,
        category=mesh.category,
        diameter_m=mesh.diameter_m,
        vertices=mesh.vertices.astype(np.float32),
        faces=mesh.faces,
        surface_points=points,
        surface_normals=normals,
        symmetry=symmetry,
        candidates=candidates,
    )


def save_object(folder: Path, model: ObjectModel) -> None:
    """Write the arrays of `model` into `folder`; names and sizes belong into its config.json."""
    write_tensors(
        folder / FILE,
        {
            "vertices": model.vertices,
            "faces": model.faces,
            "surface_points": model.surface_points,
            "surface_normals": model.surface_normals,
            "symmetry": model.symmetry,
            "T_object_tcp": model.candidates.T_object_tcp,
            "width_m": model.candidates.width_m,
            "quality": model.candidates.quality,
            "moved_in_hand": model.candidates.moved_in_hand,
            "R_canonical_object": model.R_canonical_object,
        },
    )


def load_object(path: Path, name: str, category: str, diameter_m: float, gripper: str) -> ObjectModel:
    """Read what `save_object` wrote. Raises ArtifactError."""
    arrays = read_tensors(path)
    try:
        symmetry = arrays["symmetry"]
        T_object_tcp, width_m = arrays["T_object_tcp"], arrays["width_m"]
        candidates = GraspCandidates(
            T_object_tcp,
            width_m,
            arrays["quality"],
            gripper,
            symmetry,
            arrays.get("moved_in_hand", np.zeros((0, 2))),
            reach_between(PartMesh(name, category, arrays["vertices"], arrays["faces"]), T_object_tcp, width_m),
        )
        return ObjectModel(
            name,
            category,
            diameter_m,
            arrays["vertices"],
            arrays["faces"],
            arrays["surface_points"],
            arrays["surface_normals"],
            symmetry,
            candidates,
            arrays.get("R_canonical_object", np.eye(3)),
        )
    except KeyError as error:
        raise ArtifactDamagedError(f"{path}: lacks {error}; train the model again") from error
