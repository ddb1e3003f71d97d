"""How one part lies over another: the turn that brings a target's surface nearest to a source's, both as large.

A network sees every part at the size of its diameter, about its centroid; so does this. A target whose network starts
as a source's speaks of the source's canonical frame through it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations, product

import numpy as np
from scipy.spatial import cKDTree

from srclib_ros.geometry.grasp_frame import FLIP
from srclib_ros.grasping.diversity import grasp_coordinates
from srclib_ros.grasping.object_model import ObjectModel
from srclib_ros.types import Matrix

POINTS = 400
REFINED, ITERATIONS = 6, 15
"""Of the turns tried, so many are refined by so many steps of ICP."""


@dataclass(frozen=True, eq=False)
class Registration:
    """R_source_target: (3, 3). apart: mean distance between the surfaces, both ways, in diameters."""

    R_source_target: Matrix
    apart: float


def register(target: ObjectModel, source: ObjectModel) -> Registration:
    """The best of the turns that map the axes of the files, or those of inertia, onto each other (ICP, Besl 1992)."""
    over = _Over(_normalised(target), _normalised(source))
    axes_t, axes_s = (_principal(part) for part in (target, source))
    starts = [turn for cube in _cube_turns() for turn in (cube, axes_s @ cube @ axes_t.T)]
    rough = sorted(starts, key=over.apart)[:REFINED]
    found = min((over.refined(turn) for turn in rough), key=over.apart)
    return Registration(found, over.apart(found))


def nearest_candidates(
    target: ObjectModel, source: ObjectModel, found: Registration, turns_freely: bool = False
) -> tuple[Matrix, Matrix]:
    """(K,) of each of the target's candidates the source's that is most alike, and (K,) how far it is, in diameters.

    An angle counts as `grasp_coordinates` has it, with `turns_freely`; images under the source's symmetries, and the
    flips, are alike.
    """
    T = target.candidates.T_object_tcp.copy()
    T[:, :3, 3] = (T[:, :3, 3] - target.centroid_m) / target.diameter_m @ found.R_source_target.T
    T[:, :3, :3] = found.R_source_target @ T[:, :3, :3]
    images = source.symmetry[:, None] @ source.candidates.T_object_tcp[None]
    images[..., :3, 3] = (images[..., :3, 3] - source.centroid_m) / source.diameter_m
    images = np.concatenate([images, images @ FLIP])
    there = grasp_coordinates(images, 1.0, turns_freely)
    tree = cKDTree(there.reshape(-1, there.shape[-1]))
    distance, index = tree.query(grasp_coordinates(T, 1.0, turns_freely))
    return index % there.shape[1], distance


class _Over:
    """Two surfaces about the origin, (N, 3) each."""

    def __init__(self, target: Matrix, source: Matrix) -> None:
        self._target, self._source = target, source
        self._tree_t, self._tree_s = cKDTree(target), cKDTree(source)

    def apart(self, R_source_target: Matrix) -> float:
        there, _ = self._tree_s.query(self._target @ R_source_target.T)
        back, _ = self._tree_t.query(self._source @ R_source_target)
        return float(there.mean() + back.mean()) / 2.0

    def refined(self, R_source_target: Matrix) -> Matrix:
        R = R_source_target
        for _ in range(ITERATIONS):
            _, there = self._tree_s.query(self._target @ R.T)
            _, back = self._tree_t.query(self._source @ R)
            products = self._source[there].T @ self._target + self._source.T @ self._target[back]
            u, _, vt = np.linalg.svd(products)
            R = u @ np.diag([1.0, 1.0, np.linalg.det(u @ vt)]) @ vt
        return R


def _normalised(part: ObjectModel) -> Matrix:
    points = part.surface_points[:: max(1, len(part.surface_points) // POINTS)].astype(np.float64)
    return (points - part.centroid_m) / part.diameter_m


def _principal(part: ObjectModel) -> Matrix:
    """(3, 3) right-handed axes of inertia as columns."""
    axes: Matrix = np.linalg.eigh(part.inertia)[1]
    axes[:, 2] *= np.linalg.det(axes)
    return axes


def _cube_turns() -> list[Matrix]:
    """The 24 turns of a cube."""
    turns = [
        np.eye(3)[list(order)] * np.array(signs)[:, None]
        for order in permutations(range(3))
        for signs in product((1.0, -1.0), repeat=3)
    ]
    return [turn for turn in turns if np.linalg.det(turn) > 0.0]
