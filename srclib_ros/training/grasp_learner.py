"""A grasp network while it learns: its weights, their running mean, and the optimiser's step."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy.typing as npt
import torch
from torch import Tensor, nn

from srclib_ros.training.checkpoint import load_checkpoint, save_checkpoint
from srclib_ros.training.grasp_schedule import GraspSchedule
from srclib_ros.training.grid_net import GridNet


class GraspLearner:
    """network: learns, but for what the schedule freezes. averaged: its running mean, in evaluation mode, which is what
    is kept."""

    def __init__(self, network: GridNet, schedule: GraspSchedule) -> None:
        self.network, self.averaged = network, copy.deepcopy(network).eval()
        self._both = nn.ModuleList([self.network, self.averaged])
        self._schedule = schedule
        network.train()
        for name in schedule.frozen:
            network.get_submodule(name).requires_grad_(False).eval()
        self._learnt = [weight for weight in network.parameters() if weight.requires_grad]
        self._optimiser = torch.optim.AdamW(self._learnt, weight_decay=schedule.weight_decay)

    def step(self, number: int, loss: Tensor) -> None:
        """Learn from the loss of step `number`, the first being 0."""
        self._optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self._learnt, 5.0)
        for group in self._optimiser.param_groups:
            group["lr"] = self._schedule.rate_at(number)
        self._optimiser.step()
        _follow(self.averaged, self.network, min(self._schedule.average, (number + 1) / (number + 10)))

    def save(self, path: Path, progress: npt.NDArray[Any]) -> None:
        """All of it, and beside it how far it came."""
        save_checkpoint(path, self._both, self._optimiser, progress)

    def load(self, path: Path) -> npt.NDArray[Any]:
        """Go on from where `save` was called; returns the progress it was given. Raises ArtifactError."""
        return load_checkpoint(path, self._both, self._optimiser)


@torch.no_grad()
def _follow(averaged: nn.Module, network: nn.Module, keep: float) -> None:
    """Move every weight of `averaged` by 1 - keep of the way to that of `network`, in place."""
    pairs = list(zip(averaged.state_dict().values(), network.state_dict().values(), strict=True))
    for kept, now in pairs:
        if kept.is_floating_point():
            kept.lerp_(now, 1.0 - keep)
        else:
            kept.copy_(now)
