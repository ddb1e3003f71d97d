"""Views of parts: what the encoder learns from, and what a library remembers of each part.

Most are partial, filmed through the sensor model; the last few are samples of the whole surface, as a CAD query is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from srclib_ros.geometry.mesh import PartMesh, sample_surface
from srclib_ros.geometry.oriented import with_normals
from srclib_ros.simulation.camera import ViewSampler
from srclib_ros.types import FloatArray, Matrix

PIXELS = (28, 64)  # a part's diameter spans at least this many pixels, drawn in between
VIEWS_OF_A_CROWD = 6
MIN_VISIBLE = 40
TELLING_RADIUS = 0.7  # of the median over a shape's views
FULL_POINTS = 1024
FULL_NOISE_M = 0.0004  # the camera's at 0.6 m


@dataclass(frozen=True)
class ViewCounts:
    """Views of each part: of it alone, of it among others, and of its whole surface."""

    partial: int = 14
    crowded: int = 12
    full: int = 2

    @property
    def each(self) -> int:
        return self.partial + self.crowded + self.full


@dataclass(frozen=True, eq=False)
class ViewSet:
    """points: (S * of_each, n, 6) float32, oriented clouds, metres, camera frame: `of_each` views a shape.

    full: how many of each shape's views, the last ones, show the whole surface. families: (S,) int64, equal for
    shapes of one family; None: each shape is a family of its own. available: (S,) int64, how many views of each shape
    may be learnt from, two at least; None: all.
    """

    points: FloatArray
    of_each: int
    full: int = 0
    families: npt.NDArray[np.int64] | None = None
    available: npt.NDArray[np.int64] | None = None

    @property
    def parts(self) -> int:
        return len(self.points) // self.of_each

    @cached_property
    def telling(self) -> list[npt.NDArray[np.int64]]:
        """For each shape the rows of its views that show enough of it to be told from others."""
        radius = np.sqrt(self.points[..., :3].var(axis=1).sum(axis=1)).reshape(self.parts, self.of_each)
        enough = radius >= TELLING_RADIUS * np.median(radius, axis=1, keepdims=True)
        rows = [part * self.of_each + np.flatnonzero(enough[part]) for part in range(self.parts)]
        if self.available is None:
            return rows
        return [some[:count] for some, count in zip(rows, self.available, strict=True)]


def partial_clouds(part: PartMesh, count: int, rng: np.random.Generator) -> list[FloatArray]:
    """`count` oriented clouds (N, 6), metres, camera frame, of one part from uniformly random directions."""
    sampler = ViewSampler(part)
    return [sampler.cloud(rng, pixels=int(rng.integers(*PIXELS, endpoint=True))) for _ in range(count)]


def crowded_clouds(
    part: PartMesh, others: Sequence[PartMesh], count: int, rng: np.random.Generator
) -> list[FloatArray]:
    """`count` oriented clouds (N, 6), metres, camera frame, of a part of which others hide some, as in a bin."""
    clouds: list[FloatArray] = []
    while len(clouds) < count:
        sampler = ViewSampler(part, around=_crowd(part, others, rng))
        for _ in range(VIEWS_OF_A_CROWD):
            cloud = sampler.cloud(rng, pixels=int(rng.integers(*PIXELS, endpoint=True)))
            if len(cloud) >= MIN_VISIBLE:
                clouds.append(cloud)
    return clouds[:count]


def _crowd(part: PartMesh, others: Sequence[PartMesh], rng: np.random.Generator) -> list[tuple[PartMesh, Matrix]]:
    """Some of `others`, made as large as the part and laid anyhow about it: (mesh, T_object_mesh) each."""
    crowd = []
    for index in rng.choice(len(others), size=int(rng.integers(2, 6))):
        neighbour = others[index].scaled(part.diameter_m / others[index].diameter_m * float(rng.uniform(0.6, 1.3)))
        away = rng.standard_normal(3)
        T_object_neighbour = np.eye(4)
        T_object_neighbour[:3, :3] = Rotation.random(rng=rng).as_matrix()
        T_object_neighbour[:3, 3] = away / np.linalg.norm(away) * part.diameter_m * rng.uniform(0.5, 0.9)
        crowd.append((neighbour, T_object_neighbour))
    return crowd


def full_clouds(part: PartMesh, count: int, rng: np.random.Generator) -> list[FloatArray]:
    """`count` noisy samples (1024, 6) of the whole surface, metres, each turned anyhow; normals from the points."""
    turns = Rotation.random(count, rng=rng).as_matrix().astype(np.float32)
    clouds = []
    for turn in turns:
        points, _ = sample_surface(part, FULL_POINTS, rng)
        cloud = (points + rng.normal(0.0, FULL_NOISE_M, points.shape).astype(np.float32)) @ turn.T
        clouds.append(with_normals(cloud))
    return clouds


def simulate_views(
    parts: Sequence[PartMesh], counts: ViewCounts, n_points: int, rng: np.random.Generator
) -> FloatArray:
    """(parts * counts.each, n_points, 6) float32: the views of one part after another."""
    clouds: list[FloatArray] = []
    for part in parts:
        clouds += partial_clouds(part, counts.partial, rng)
        clouds += crowded_clouds(part, parts, counts.crowded, rng)
        clouds += full_clouds(part, counts.full, rng)
    return np.stack([thinned(cloud, n_points, rng) for cloud in clouds])


def thinned(cloud: FloatArray, n_points: int, rng: np.random.Generator) -> FloatArray:
    """n_points of the cloud drawn at random, all of them where it has fewer, and those repeated."""
    order = rng.permutation(len(cloud))
    return cloud[np.resize(order, n_points)]


def cut_one_side(cloud: FloatArray, share: float, rng: np.random.Generator) -> FloatArray:
    """The cloud, bare or oriented, camera frame, less the `share` of its points at a random side of the image."""
    angle = rng.uniform(0.0, 2.0 * np.pi)
    along = cloud[:, :2] @ np.array([np.cos(angle), np.sin(angle)], np.float32)
    return cloud[along <= np.quantile(along, 1.0 - share)]
