"""A part as a few convex pieces, as physics wants it, with its holes kept open.

The part is cut by planes, the cut that saves most hull volume for each piece it adds first, until the hulls fill
hardly more than the part. That takes a second a part where coacd (Wei et al. 2022, an approximate tree search) takes
ten to sixty; coacd remains for meshes that enclose no volume. Pieces are kept in the user's cache folder.
"""

from __future__ import annotations

import heapq
import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from manifold3d import Error, Manifold, Mesh64

from srclib_ros.artifact import read_tensors, sha256, write_tensors
from srclib_ros.errors import ArtifactError
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.types import Matrix

VERSION = 1  # of the cutting; older cached pieces are not used
MAX_PIECES = 28
ENOUGH = 0.05  # stop when the hulls exceed the part by this share of its volume
FINE_MAX_PIECES, FINE_ENOUGH = 64, 0.01
SIMPLIFY_MM = 0.12
SLIVER = 1e-5  # a piece below this share of the part's volume is left out

Plane = tuple[Matrix, float]


def convex_pieces(mesh: PartMesh, cache: Path | None = None, fine: bool = False) -> list[Matrix]:
    """Vertices of convex pieces, (V_i, 3) float64, metres, object frame; their union holds the part.

    cache: folder of pieces computed before; None takes the user's cache folder. fine: twice as many, for what fingers
    take hold of; else a bolt may have its head's edge joined to its shank by a cone.
    """
    folder = cache or user_cache() / "convex_pieces"
    key = sha256(np.float64(mesh.vertices).round(7).tobytes() + np.int32(mesh.faces).tobytes())
    path = folder / f"{key[:32]}_{VERSION}{'_fine' if fine else ''}.safetensors"
    if path.is_file():
        try:
            return [vertices.astype(np.float64) for _, vertices in sorted(read_tensors(path).items())]
        except ArtifactError:
            path.unlink()  # damaged: computed again below
    pieces = decompose(mesh, FINE_MAX_PIECES, FINE_ENOUGH) if fine else decompose(mesh)
    write_tensors(path, {f"{index:03d}": piece for index, piece in enumerate(pieces)})
    return pieces


def user_cache() -> Path:
    """Where this user's programs keep what can be computed again (XDG_CACHE_HOME, or ~/.cache)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "srclib_ros"


def decompose(mesh: PartMesh, max_pieces: int = MAX_PIECES, enough: float = ENOUGH) -> list[Matrix]:
    """The pieces, computed afresh: at most `max_pieces`, fewer when the hulls exceed the part by no more than `enough`
    of its volume."""
    solid = Manifold(Mesh64(np.ascontiguousarray(mesh.vertices * 1e3), mesh.faces.astype(np.uint64)))
    if solid.status() != Error.NoError or solid.volume() <= 0.0:
        return _decompose_open(mesh)
    volume = solid.volume()
    pieces = [_Piece(part) for part in solid.simplify(SIMPLIFY_MM).decompose()]
    order = itertools.count()
    queue = [(-piece.excess, next(order), piece) for piece in pieces]
    heapq.heapify(queue)
    done: list[_Piece] = []
    while queue and len(queue) + len(done) < max_pieces:
        if -sum(entry[0] for entry in queue) + sum(piece.excess for piece in done) < enough * volume:
            break
        _, _, piece = heapq.heappop(queue)
        children = piece.best_cut(max_pieces - len(queue) - len(done))
        if not children:
            done.append(piece)
        for child in children:
            heapq.heappush(queue, (-child.excess, next(order), child))
    done += [entry[2] for entry in queue]
    return [_vertices(piece.hull) * 1e-3 for piece in done if piece.hull.volume() > SLIVER * volume]


class _Piece:
    """A solid, its hull, and by how much the hull exceeds it (mm^3)."""

    def __init__(self, solid: Any) -> None:
        self.solid = solid
        self.hull = solid.hull()
        self.hull_volume = self.hull.volume()
        self.excess = self.hull_volume - solid.volume()

    def best_cut(self, most: int) -> list[_Piece]:
        """The children of the cut that saves most hull volume for each piece added; none if nothing is saved."""
        best, best_gain = [], 0.01 * self.excess
        for planes in self._cuts():
            solids = [self.solid]
            for normal, offset in planes:
                solids = [half for solid in solids for half in solid.split_by_plane(normal, offset)]
            children = [_Piece(part) for solid in solids if not solid.is_empty() for part in solid.decompose()]
            if not 2 <= len(children) <= most + 1:
                continue
            gain = (self.hull_volume - sum(child.hull_volume for child in children)) / (len(children) - 1)
            if gain > best_gain:
                best, best_gain = children, gain
        return best

    def _cuts(self) -> Iterator[list[Plane]]:
        """Single planes across each axis, and pairs of planes that quarter the piece along an axis."""
        points = _vertices(self.solid)
        hull_points = _vertices(self.hull)
        centres = [(hull_points.min(axis=0) + hull_points.max(axis=0)) / 2.0]
        dented = points[~np.isin(_keys(points), _keys(hull_points))]
        if len(dented):  # the middle of what is not on the hull: of a hole, if that is what keeps it from being convex
            centres.append(np.median(dented, axis=0))
            if np.linalg.norm(centres[1] - centres[0]) < 0.5:
                centres.pop()
        own = np.linalg.svd(hull_points - hull_points.mean(axis=0), full_matrices=False)[2]
        for frame in (np.eye(3), own):
            if frame is own and np.abs(own).max(axis=1).min() > 0.999:
                return  # the piece's own axes are the part's
            for axis in frame:
                for offset in _offsets(points @ axis):
                    yield [(axis, offset)]
            for (a, b), centre in itertools.product(itertools.combinations(frame, 2), centres):
                yield [(a, float(a @ centre)), (b, float(b @ centre))]


def _offsets(along: Matrix) -> list[float]:
    """Where to cut across an axis: at quarters, and where the surface turns (many vertices at one height)."""
    low, high = along.min(), along.max()
    span = high - low
    counts, edges = np.histogram(along, bins=64)
    busy = np.argsort(-counts, kind="stable")[:5]
    turns = [float(np.median(along[(along >= edges[i]) & (along <= edges[i + 1])])) for i in busy if counts[i] > 3]
    offsets = [low + share * span for share in (0.25, 0.5, 0.75)] + turns
    return [offset for offset in offsets if low + 0.02 * span < offset < high - 0.02 * span]


def _vertices(solid: Any) -> Matrix:
    return np.asarray(solid.to_mesh64().vert_properties, np.float64)[:, :3]


def _keys(points: Matrix) -> Any:
    """Each point as one value that can be compared."""
    return np.ascontiguousarray(points.round(6) + 0.0).view([("", np.float64)] * 3).ravel()


def _decompose_open(mesh: PartMesh) -> list[Matrix]:
    """coacd, which closes the surface first."""
    import coacd

    coacd.set_log_level("error")
    pieces = coacd.run_coacd(
        coacd.Mesh(mesh.vertices, mesh.faces),
        threshold=0.08,
        max_convex_hull=16,
        preprocess_mode="on",
        preprocess_resolution=40,
        resolution=500,
        mcts_iterations=30,
        mcts_nodes=10,
        mcts_max_depth=2,
        max_ch_vertex=48,
        decimate=True,
        seed=0,
    )
    return [np.asarray(vertices, np.float64) for vertices, _ in pieces]
