"""A grasp network that is still in torch, where a `GridNetwork` is wanted."""

from __future__ import annotations

import torch

from srclib_ros.geometry.height_map import HeightMap
from srclib_ros.grasping.network import Cells, network_input
from srclib_ros.training.grid_net import GridNet


class TorchNetwork:
    """network: in evaluation mode; runs where its weights are, a map at a time and whole."""

    def __init__(self, network: GridNet) -> None:
        self._network = network

    @torch.inference_mode()
    def run(self, height_map: HeightMap) -> Cells:
        maps, reference = network_input(height_map)
        device = next(self._network.parameters()).device
        values = self._network(torch.from_numpy(maps[None]).to(device))[0].cpu().numpy()
        return Cells(values, reference)
