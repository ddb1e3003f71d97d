"""Piles to learn segmentation from: of all kinds of shapes, filmed from all kinds of places, and who is where.

A third of the piles are of parts, a third of random shapes, a third of simple ones; half of each are of one kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from srclib_ros.captures.scene_folder import RecordedScene
from srclib_ros.errors import SimulationError, TrainingError
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.geometry.transforms import look_at
from srclib_ros.simulation.camera import CameraNoise
from srclib_ros.simulation.cell import BIN_SIZE_M, film
from srclib_ros.simulation.falling import falling
from srclib_ros.simulation.pile import BinPhysics
from srclib_ros.training.shapes import random_shapes, simple_shapes
from srclib_ros.types import Matrix

FILL = (0.3, 1.2)  # squared diameters of a pile over the floor's area
PILE = (3, 14)
HEIGHT_M, STEEP_RAD, SLANT_RAD = (0.55, 1.0), 0.15, 0.8
NOISE = (0.7, 2.5)  # times the camera's own


@dataclass(frozen=True, eq=False)
class Piles:
    """kinds: (filmed, what falls in its place) of each shape, for parts, random shapes and simple ones."""

    kinds: tuple[tuple[tuple[PartMesh, PartMesh], ...], ...]

    @classmethod
    def of(cls, parts: Sequence[PartMesh], shapes: int, seed: int) -> Piles:
        """shapes: of how many random ones, and half as many simple ones. Raises TrainingError."""
        rng = np.random.default_rng(seed)
        made_up = random_shapes(shapes, rng), simple_shapes(max(1, shapes // 2), rng)
        return cls(tuple(map(_falling, (parts, *made_up))))

    def filmed(self, number: int, rng: np.random.Generator) -> RecordedScene | None:
        """The pile of this number; None when physics gave it up."""
        bodies, single = self.kinds[number % len(self.kinds)], number % 2 > 0
        most = PILE[1]
        chosen = [int(rng.integers(len(bodies)))] * most if single else rng.integers(len(bodies), size=most).tolist()
        room = rng.uniform(*FILL) * BIN_SIZE_M[0] * BIN_SIZE_M[1]
        filled = np.cumsum([bodies[index][0].diameter_m ** 2 for index in chosen])
        chosen = chosen[: int(np.clip(np.searchsorted(filled, room), *PILE))]
        try:
            placed = BinPhysics([bodies[index][1] for index in chosen], BIN_SIZE_M).drop(rng)
        except SimulationError:
            return None
        lying = [(bodies[chosen[row]][0], T_bin_object) for row, T_bin_object in placed]
        noise = replace(CameraNoise(), axial_m_at_1m=CameraNoise().axial_m_at_1m * rng.uniform(*NOISE))
        return film(lying, T_bin_camera=_camera(rng), noise=noise, rng=rng)


def _falling(parts: Sequence[PartMesh]) -> tuple[tuple[PartMesh, PartMesh], ...]:
    bodies = falling(parts).bodies
    if not bodies:
        raise TrainingError("none of the parts can fall into the bin; give parts of 20 to 200 mm")
    return tuple((parts[row], body) for row, body in bodies.items())


def _camera(rng: np.random.Generator) -> Matrix:
    """T_bin_camera above the bin, or of one in three aslant, as above a table."""
    height_m, azimuth_rad = rng.uniform(*HEIGHT_M), rng.uniform(0.0, 2.0 * np.pi)
    tilt_rad = rng.uniform(0.0, STEEP_RAD if rng.random() < 2 / 3 else SLANT_RAD)
    away_m = height_m * np.tan(tilt_rad)
    at = (away_m * np.cos(azimuth_rad), away_m * np.sin(azimuth_rad), height_m)
    return look_at(at, (0.0, 0.0, 0.03), up=(0.0, 1.0, 0.0))
