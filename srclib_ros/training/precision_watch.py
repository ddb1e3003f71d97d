"""The average precision of a network that is still being trained, in piles as the cell would see them."""

from __future__ import annotations

from collections.abc import Sequence

from srclib_ros.config import PipelineConfig
from srclib_ros.grasping.model import GraspModel
from srclib_ros.grasping.object_model import ObjectModel
from srclib_ros.training.grid_net import GridNet
from srclib_ros.training.part_piles import PartPile
from srclib_ros.training.pose_evaluation import PoseTally, match, pose_figures
from srclib_ros.training.torch_network import TorchNetwork


class PrecisionWatch:
    """Its loss is what is missing to a precision of 1."""

    def __init__(self, part: ObjectModel, piles: Sequence[PartPile], config: PipelineConfig) -> None:
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
