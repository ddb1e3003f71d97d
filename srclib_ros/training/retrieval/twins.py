"""Which parts no camera could tell apart: their surfaces, laid onto each other, differ by less than its noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.training.progress import Progress, silent
from srclib_ros.training.retrieval.registration import registered_distance, surface_of
from srclib_ros.training.views import FULL_NOISE_M

TOLERANCE = 0.03  # of the radius: what sampling alone makes two profiles differ by


@dataclass(frozen=True, eq=False)
class Twins:
    """group: (P,) from 0 on; parts of one group cannot be told apart, directly or by way of others of the group.

    candidates: pairs that were near enough in width to be registered. pairs: those that turned out alike.
    """

    group: npt.NDArray[np.int64]
    candidates: int = 0
    pairs: int = 0

    @property
    def groups(self) -> int:
        return int(self.group.max(initial=-1)) + 1

    @property
    def parts_merged(self) -> int:
        """Parts that share their group with another."""
        sizes = np.bincount(self.group)
        return int(sizes[sizes > 1].sum())

    def named(self, names: Sequence[str]) -> list[list[str]]:
        """The names (P,) of the parts of every group of two and more."""
        groups = [np.flatnonzero(self.group == number).tolist() for number in range(self.groups)]
        return [[names[part] for part in members] for members in groups if len(members) > 1]


def indistinguishable(
    parts: Sequence[PartMesh],
    seed: int,
    *,
    noise_m: float = FULL_NOISE_M,
    scale_free: bool = False,
    progress: Progress = silent,
) -> Twins:
    """Merge parts whose registered Chamfer distance lies below the camera's noise.

    scale_free: parts are first made equally large (root mean square radius 1), and the noise of a pair is that of the
    larger one, where it is the smaller share. Only pairs whose profiles agree within three times the noise and
    `TOLERANCE` are registered.
    """
    rng = np.random.default_rng([seed, len(parts)])
    surfaces = [surface_of(part, rng, unit_size=scale_free) for part in parts]
    unit_m = np.array([surface.unit_m for surface in surfaces])
    noise = noise_m / np.maximum(unit_m[:, None], unit_m[None, :])
    profiles = np.array([surface.profile for surface in surfaces])
    radius = np.array([surface.radius for surface in surfaces])
    differ = np.abs(profiles[:, None] - profiles[None, :]).max(axis=2)
    near = differ <= 3.0 * noise + TOLERANCE * np.minimum(radius[:, None], radius[None, :])
    candidates = np.argwhere(np.triu(near, 1))
    alike = [
        (a, b)
        for a, b in progress(candidates.tolist(), total=len(candidates), label="twins")
        if registered_distance(surfaces[a], surfaces[b]) < noise[a, b]
    ]
    return Twins(_groups(alike, len(parts)), len(candidates), len(alike))


def _groups(alike: Sequence[tuple[int, int]], count: int) -> npt.NDArray[np.int64]:
    """(count,) number of the connected component of each, given the pairs that are joined."""
    pairs = np.array(alike, np.int64).reshape(-1, 2)
    graph = coo_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    group: npt.NDArray[np.int64] = connected_components(graph, directed=False)[1].astype(np.int64)
    return group
