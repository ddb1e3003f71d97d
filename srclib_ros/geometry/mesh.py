"""Meshes of parts: reading them, bringing them into the object frame, sampling their surface."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial import ConvexHull, QhullError
from scipy.spatial.distance import pdist

from srclib_ros.errors import MeshError, MissingDependencyError
from srclib_ros.types import FloatArray, IntArray, Matrix

UNITS_M = {"mm": 1e-3, "cm": 1e-2, "m": 1.0, "in": 0.0254}
SUFFIXES = (".stl", ".obj", ".ply", ".off")
CAD_SUFFIXES = (".step", ".stp")
MAX_FILE_BYTES = 256 * 2**20
MAX_FACES = 2_000_000
MIN_DIAMETER_M, MAX_DIAMETER_M = 1e-3, 3.0


@dataclass(frozen=True, eq=False)
class PartMesh:
    """A part's surface in its object frame: origin at the centre of its bounding box, axes as in its file.

    vertices: (V, 3) float64, metres. faces: (F, 3) int32, counter-clockwise seen from outside.
    """

    name: str
    category: str
    vertices: Matrix
    faces: IntArray

    @cached_property
    def extents_m(self) -> Matrix:
        """(3,) lengths of the axis-aligned bounding box."""
        return np.ptp(self.vertices, axis=0)

    @cached_property
    def diameter_m(self) -> float:
        """Largest distance between two vertices."""
        return _diameter(self.vertices)

    @cached_property
    def watertight(self) -> bool:
        """Whether every edge is used once in each direction by exactly two faces (vertices merged)."""
        a, b = np.roll(self.faces, -1, axis=1).ravel().astype(np.int64), self.faces.ravel().astype(np.int64)
        edges, back = b * len(self.vertices) + a, a * len(self.vertices) + b
        return len(np.unique(edges)) == len(edges) and np.array_equal(np.sort(edges), np.sort(back))

    def scaled(self, factor: float) -> PartMesh:
        return PartMesh(self.name, self.category, self.vertices * factor, self.faces)


def centred(
    name: str, category: str, vertices: npt.ArrayLike, faces: npt.ArrayLike, where: Path | None = None
) -> PartMesh:
    """A PartMesh from a mesh given in metres, moved so that its bounding box is centred on the origin.

    Raises MeshError, which names the file `where` it lay, when there is no surface, a coordinate is not finite, or the
    size is impossible.
    """
    told = where or name
    xyz, triangles = np.array(vertices, np.float64), np.array(faces, np.int32)
    if xyz.ndim != 2 or xyz.shape[-1] != 3 or triangles.ndim != 2 or triangles.shape[-1] != 3 or not len(triangles):
        raise MeshError(f"{told}: holds no triangles; export it as a surface mesh")
    if len(triangles) > MAX_FACES:
        raise MeshError(f"{told}: {len(triangles)} faces, at most {MAX_FACES}; export it with a coarser tolerance")
    if not np.isfinite(xyz).all():
        raise MeshError(f"{told}: has coordinates that are not finite; export it again")
    if triangles.min() < 0 or triangles.max() >= len(xyz):
        raise MeshError(f"{told}: its faces name vertices that do not exist; export it again")
    low, high = xyz.min(axis=0), xyz.max(axis=0)
    xyz -= (low + high) / 2.0
    if np.einsum("ij,ij->", xyz[triangles[:, 0]], np.cross(xyz[triangles[:, 1]], xyz[triangles[:, 2]])) < 0.0:
        triangles = triangles[:, ::-1].copy()  # inside out
    part = PartMesh(name, category, xyz, triangles)
    if not MIN_DIAMETER_M <= part.diameter_m <= MAX_DIAMETER_M:
        raise MeshError(
            f"{told}: {part.diameter_m:.4g} m across, expected {MIN_DIAMETER_M} to {MAX_DIAMETER_M}; "
            f"check the unit ({', '.join(UNITS_M)})"
        )
    return part


def load_mesh(path: str | Path, unit: str, name: str | None = None, category: str = "") -> PartMesh:
    """Read STL, OBJ, PLY or OFF (STEP with the `cad` extra), its lengths in `unit`: mm, cm, m or in.

    Raises MeshError naming the cure; MissingDependencyError for STEP without the extra.
    """
    path = Path(path)
    if unit not in UNITS_M:
        raise MeshError(f"{path}: unknown unit {unit!r}; known: {', '.join(UNITS_M)}")
    if path.suffix.lower() not in SUFFIXES + CAD_SUFFIXES:
        raise MeshError(f"{path}: no mesh format that is known; use {', '.join(SUFFIXES + CAD_SUFFIXES)}")
    if not path.is_file():
        raise MeshError(f"{path}: not there; check the path")
    if path.stat().st_size > MAX_FILE_BYTES:
        raise MeshError(f"{path}: larger than {MAX_FILE_BYTES >> 20} MiB; export it with a coarser tolerance")
    vertices, faces = _read_triangles(path)
    if not len(faces):
        raise MeshError(f"{path}: holds no triangles; export it as a surface mesh")
    # trimesh hands STEP over in metres, whatever the file's own unit is
    to_m = 1.0 if path.suffix.lower() in CAD_SUFFIXES else UNITS_M[unit]
    return centred(name or path.stem, category, vertices * to_m, faces, path)


def surface_area_m2(vertices: FloatArray | Matrix, faces: IntArray) -> float:
    """Of a mesh: vertices (V, 3) in metres, faces (F, 3)."""
    a, b, c = (vertices[faces[:, corner]].astype(np.float64) for corner in range(3))
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2.0)


def sample_surface(mesh: PartMesh, n: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """n points drawn evenly over the surface, and their outward unit normals: (n, 3) float32 each, object frame."""
    triangles = mesh.vertices[mesh.faces]
    edges_a, edges_b = triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]
    cross = np.cross(edges_a, edges_b)
    area2 = np.linalg.norm(cross, axis=1)
    total = area2.sum()
    if not total > 0.0:
        raise MeshError(f"{mesh.name}: has no surface area; export it again")
    face = rng.choice(len(area2), size=n, p=area2 / total)
    uv = rng.random((n, 2))
    uv = np.where(uv.sum(axis=1, keepdims=True) > 1.0, 1.0 - uv, uv)
    points = triangles[face, 0] + uv[:, :1] * edges_a[face] + uv[:, 1:] * edges_b[face]
    return points.astype(np.float32), (cross[face] / area2[face, None]).astype(np.float32)


def _read_triangles(path: Path) -> tuple[Matrix, IntArray]:
    try:
        import trimesh
    except ImportError as error:
        raise MissingDependencyError(f"{path}: reading meshes needs trimesh; pip install 'srclib-ros[sim]'") from error
    if path.suffix.lower() in CAD_SUFFIXES:
        try:
            import cascadio  # noqa: F401
        except ImportError as error:
            raise MissingDependencyError(f"{path}: reading STEP needs pip install 'srclib-ros[cad]'") from error
    try:
        with path.open("rb") as file:  # a handle, so that no other file is ever pulled in by name
            mesh: Any = trimesh.load(file, file_type=path.suffix[1:].lower(), force="mesh")
        mesh.merge_vertices(merge_tex=True, merge_norm=True)
        faces = np.asarray(mesh.faces, np.int32)
        collapsed = (faces == np.roll(faces, 1, axis=1)).any(axis=1)
        return np.asarray(mesh.vertices, np.float64), faces[~collapsed]
    except Exception as error:  # a parser's own errors are of every kind
        raise MeshError(f"{path}: cannot be read as a mesh ({error}); export it again") from error


def _diameter(vertices: Matrix) -> float:
    try:
        corners = vertices[ConvexHull(vertices).vertices]
    except (QhullError, ValueError):  # flat or tiny
        corners = vertices
    if len(corners) > 2500:
        return _widest(corners)
    return float(pdist(corners).max()) if len(corners) > 1 else 0.0


def _widest(points: Matrix) -> float:
    """The largest distance among many points, row block by row block."""
    squares = np.einsum("ij,ij->i", points, points)
    best = 0.0
    for start in range(0, len(points), 512):
        block = points[start : start + 512]
        best = max(best, float((squares[start : start + 512, None] + squares - 2.0 * block @ points.T).max()))
    return float(np.sqrt(best))
