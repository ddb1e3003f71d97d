"""Piles of one part that its networks are compared on: filmed and cut once, as the cell would."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from srclib_ros.config import PipelineConfig
from srclib_ros.errors import SimulationError
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.grasping.model import GraspModel
from srclib_ros.grasping.object_model import ObjectModel
from srclib_ros.segmentation.instances import segment
from srclib_ros.simulation.cell import BIN_SIZE_M, copies_in_bin, film
from srclib_ros.simulation.pile import BinPhysics
from srclib_ros.training.grid_net import GridNet
from srclib_ros.training.pose_evaluation import PoseTally, match, pose_figures
from srclib_ros.training.torch_network import TorchNetwork
from srclib_ros.types import FloatArray, Matrix, Scene


@dataclass(frozen=True, eq=False)
class FilmedPile:
    """T_bin_object: (I, 4, 4) where the parts lie. visible: (I,) their visible shares."""

    scene: Scene
    T_bin_object: Matrix
    visible: FloatArray


def filmed_piles(mesh: PartMesh, count: int, rng: np.random.Generator, config: PipelineConfig) -> list[FilmedPile]:
    """As many as physics does not give up, of `count`. Raises MissingDependencyError, SimulationError."""
    physics = BinPhysics([mesh] * copies_in_bin(mesh), BIN_SIZE_M)
    piles = []
    for _ in range(count):
        try:
            T_bin_object = np.array([T for _, T in physics.drop(rng)]).reshape(-1, 4, 4)
        except SimulationError:
            continue
        filmed = film([(mesh, T) for T in T_bin_object], rng=rng)
        visible = np.array([placed.visible_share for placed in filmed.parts])
        piles.append(FilmedPile(segment(filmed.cloud, filmed.bin, config), T_bin_object, visible))
    return piles


class PrecisionWatch:
    """Average precision in filmed piles, of a network that is being trained; its loss is what is missing to 1."""

    def __init__(self, part: ObjectModel, piles: Sequence[FilmedPile], config: PipelineConfig) -> None:
        self._part, self._piles, self._config = part, piles, config

    def look(self, network: GridNet) -> tuple[float, float]:
        model = GraspModel(self._part, TorchNetwork(network))
        tally = PoseTally()
        for pile in self._piles:
            poses = model.detect(pile.scene, pile.scene.segments, 1.0, self._config.grasp)
            best_first = sorted(poses, key=lambda pose: -pose.score)
            match(best_first, pile.T_bin_object, pile.visible, self._part, tally)
        precision = pose_figures(tally).ap or 0.0
        return 1.0 - precision, precision
