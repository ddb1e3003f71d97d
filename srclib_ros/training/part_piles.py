"""Piles of one part alone, filmed and cut as the cell would: what its networks are judged in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from srclib_ros.config import PipelineConfig
from srclib_ros.errors import SimulationError
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.segmentation.instances import segment
from srclib_ros.simulation.cell import BIN_SIZE_M, copies_in_bin, film
from srclib_ros.simulation.pile import BinPhysics
from srclib_ros.types import FloatArray, Matrix, Scene


@dataclass(frozen=True, eq=False)
class PartPile:
    """T_bin_object: (I, 4, 4) where the parts lie. visible: (I,) their visible shares."""

    scene: Scene
    T_bin_object: Matrix
    visible: FloatArray


def part_piles(
    mesh: PartMesh, count: int, rng: np.random.Generator, config: PipelineConfig
) -> Iterator[PartPile | None]:
    """`count` piles, one after the other; None for one that physics gives up, or that nothing is left of.

    Raises MissingDependencyError, and SimulationError for a part that fits into no bin.
    """
    physics = BinPhysics([mesh] * copies_in_bin(mesh), BIN_SIZE_M)
    for _ in range(count):
        try:
            T_bin_object = np.array([T for _, T in physics.drop(rng)]).reshape(-1, 4, 4)
        except SimulationError:
            T_bin_object = np.zeros((0, 4, 4))
        if not len(T_bin_object):
            yield None
            continue
        filmed = film([(mesh, T) for T in T_bin_object], rng=rng)
        visible = np.array([placed.visible_share for placed in filmed.parts])
        yield PartPile(segment(filmed.cloud, filmed.bin, config), T_bin_object, visible)
