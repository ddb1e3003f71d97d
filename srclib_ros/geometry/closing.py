"""Meshes made to enclose a volume, as physics and grasp candidates need them, or refused with the reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from manifold3d import triangulate
from scipy.spatial import cKDTree

from srclib_ros.errors import MeshError
from srclib_ros.geometry.mesh import PartMesh, centred, surface_area_m2
from srclib_ros.types import IntArray, Matrix

WELD = 1e-4
"""Of the diameter: vertices closer than this are one."""
FLAT = 0.01  # of the diameter: how far the rim of a hole that is closed may leave its plane
SMALL = 0.1  # of the diameter: a hole that is closed whatever its shape
_Edge = tuple[int, int]


def closed(mesh: PartMesh) -> PartMesh:
    """The mesh itself where it encloses a volume, or else one that does: vertices welded, doubled faces dropped, faces
    turned one way, flat and small holes filled.

    Raises MeshError naming what is left open, where, and the cure.
    """
    if mesh.watertight:
        return mesh
    vertices, faces = _welded(mesh)
    faces = _one_way(_single(faces))
    faces = np.concatenate([faces, _lids(vertices, faces, mesh.diameter_m)])
    repaired = centred(mesh.name, mesh.category, vertices, faces)
    if repaired.watertight:
        return repaired
    raise MeshError(f"{mesh.name}: encloses no volume: {_reason(vertices, faces)}; close it in CAD and export it again")


def filled_share(mesh: PartMesh, whole: PartMesh) -> float:
    """How much of the surface of `whole`, which `closed` made of the mesh, fills what lay open; 0 where nothing did."""
    return 0.0 if whole is mesh else max(0.0, 1.0 - _area_m2(mesh) / _area_m2(whole))


def _area_m2(mesh: PartMesh) -> float:
    return surface_area_m2(mesh.vertices, mesh.faces)


def _welded(mesh: PartMesh) -> tuple[Matrix, IntArray]:
    """Vertices that coincide as one; faces that have collapsed are dropped."""
    near = cKDTree(mesh.vertices).query_pairs(WELD * mesh.diameter_m, output_type="ndarray")
    first = np.arange(len(mesh.vertices))
    for low, high in near[np.lexsort(near.T[::-1])]:
        first[high] = min(first[high], first[low])
    used, renumbered = np.unique(first, return_inverse=True)
    faces = renumbered[mesh.faces].astype(np.int32)
    return mesh.vertices[used], faces[(faces != np.roll(faces, 1, axis=1)).all(axis=1)]


def _single(faces: IntArray) -> IntArray:
    """Each face once; of those that are there both ways round, which enclose nothing between them, none."""
    start = faces.argmin(axis=1)[:, None]
    turned = np.take_along_axis(faces, (start + np.arange(3)) % 3, 1)
    _, first = np.unique(turned, axis=0, return_index=True)
    once = turned[np.sort(first)]
    _, both_ways, count = np.unique(np.sort(once, axis=1), axis=0, return_inverse=True, return_counts=True)
    kept: IntArray = once[count[both_ways.ravel()] == 1]
    return kept


def _one_way(faces: IntArray) -> IntArray:
    """Neighbours turned alike, each piece of the surface as most of its faces are (`centred` turns what is left inside
    out)."""
    by_edge: dict[_Edge, list[int]] = {}
    for row, face in enumerate(faces.tolist()):
        for a, b in _edges(face):
            by_edge.setdefault((min(a, b), max(a, b)), []).append(row)
    turned = faces.copy()
    seen = np.zeros(len(faces), bool)
    for seed in range(len(faces)):
        if seen[seed]:
            continue
        piece = [seed]
        seen[seed] = True
        for row in piece:  # grows
            for a, b in _edges(turned[row].tolist()):
                sharing = by_edge[min(a, b), max(a, b)]
                for other in sharing if len(sharing) == 2 else ():
                    if not seen[other]:
                        seen[other] = True
                        piece.append(other)
                        if (a, b) in _edges(turned[other].tolist()):
                            turned[other] = turned[other, ::-1]
        if 2 * (turned[piece] != faces[piece]).any(axis=1).sum() > len(piece):
            turned[piece] = turned[piece, ::-1]
    return turned


def _lids(vertices: Matrix, faces: IntArray, diameter_m: float) -> IntArray:
    """(L, 3) triangles over holes whose rims are flat, rims in one plane together (a ring is open between two), or
    small."""
    flat: list[tuple[Matrix, float, list[list[int]]]] = []
    lids: list[IntArray] = []
    for rim in _rims(faces):
        points = vertices[rim]
        normal = _normal(points)
        offset = float(points.mean(axis=0) @ normal)
        if np.abs(points @ normal - offset).max() > FLAT * diameter_m:
            if np.ptp(points, axis=0).max() < SMALL * diameter_m:
                lids.append(_over(vertices, [rim], normal))
            continue
        for other, at, rims in flat:
            if abs(other @ normal) > 1.0 - FLAT and np.abs(points @ other - at).max() < FLAT * diameter_m:
                rims.append(rim)
                break
        else:
            flat.append((normal, offset, [rim]))
    for normal, _, rims in flat:
        lids.append(_over(vertices, rims, normal))
    return np.concatenate([np.zeros((0, 3), np.int32), *lids])


def _over(vertices: Matrix, rims: Sequence[list[int]], normal: Matrix) -> IntArray:
    """Triangles within rims in one plane, their edges along the rims."""
    right = np.cross(normal, np.eye(3)[np.abs(normal).argmin()])
    right /= np.linalg.norm(right)
    frame = np.stack([right, np.cross(normal, right)], axis=1)
    areas = [_area(vertices[rim] @ frame) for rim in rims]
    if areas[int(np.abs(areas).argmax())] < 0.0:
        frame = frame[:, ::-1]
    found = triangulate([vertices[rim] @ frame for rim in rims])
    lid: IntArray = np.concatenate([np.asarray(rim, np.int32) for rim in rims])[np.asarray(found, np.int64)]
    return lid


def _rims(faces: IntArray) -> list[list[int]]:
    """Closed ways along edges that one face alone has, each in the direction that a face over the hole would have."""
    open_edges = _open_edges(faces)
    after: dict[int, list[int]] = {}
    for a, b in open_edges:
        after.setdefault(b, []).append(a)
    rims = []
    while after:
        way = [next(iter(after))]
        while way[-1] in after:
            here = way[-1]
            way.append(after[here].pop())
            if not after[here]:
                del after[here]
            if way[-1] in way[:-1]:
                start = way.index(way[-1])
                rims.append(way[start:-1])
                way = way[: start + 1]
    return [rim for rim in rims if len(rim) > 2]


def _open_edges(faces: IntArray) -> list[_Edge]:
    """Edges that no face has the other way round."""
    edges = Counter(edge for face in faces.tolist() for edge in _edges(face))
    return [edge for edge, count in edges.items() for _ in range(count - edges.get(edge[::-1], 0))]


def _edges(face: list[int]) -> list[_Edge]:
    a, b, c = face
    return [(a, b), (b, c), (c, a)]


def _normal(points: Matrix) -> Matrix:
    """Of the plane that fits a rim best."""
    normal: npt.NDArray[np.float64] = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)[2][2]
    return normal


def _area(outline: Matrix) -> float:
    x, y = outline.T
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2.0


def _reason(vertices: Matrix, faces: IntArray) -> str:
    shared = Counter(tuple(sorted(edge)) for face in faces.tolist() for edge in _edges(face))
    crowded = [edge for edge, count in shared.items() if count > 2]
    open_edges = _open_edges(faces)
    edge = (open_edges or crowded or [(0, 0)])[0]
    at_mm = ", ".join(f"{1e3 * value:.1f}" for value in vertices[list(edge)].mean(axis=0))
    if open_edges:
        return f"{len(open_edges)} edges lie open, around holes that are neither flat nor small, one at ({at_mm}) mm"
    return f"{len(crowded)} edges belong to three faces or more, one at ({at_mm}) mm"
