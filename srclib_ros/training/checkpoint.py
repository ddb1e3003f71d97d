"""A network and its optimiser on disk, so that a killed training goes on where it was. Nothing is pickled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy.typing as npt
import torch
from torch import Tensor, nn

from srclib_ros.artifact import read_tensors, write_tensors

PROGRESS = "progress"


def save_checkpoint(
    path: Path, network: nn.Module, optimiser: torch.optim.Optimizer, progress: npt.NDArray[Any]
) -> None:
    """Write the state, and beside it what the loop needs to know of how far it came."""
    state: dict[str, Tensor] = {f"network.{name}": value for name, value in network.state_dict().items()}
    for index, moments in optimiser.state_dict()["state"].items():
        state |= {f"optimiser.{index}.{name}": value for name, value in moments.items()}
    arrays = {name: value.cpu().numpy() for name, value in state.items()}
    write_tensors(path, arrays | {PROGRESS: progress})


def load_checkpoint(path: Path, network: nn.Module, optimiser: torch.optim.Optimizer) -> npt.NDArray[Any]:
    """Bring both to where `save_checkpoint` left them; returns the `progress` it was given. Raises ArtifactError."""
    stored = read_tensors(path)
    progress = stored.pop(PROGRESS)
    weights: dict[str, Tensor] = {}
    moments: dict[int, dict[str, Tensor]] = {}
    for name, value in stored.items():
        owner, _, rest = name.partition(".")
        if owner == "network":
            weights[rest] = torch.from_numpy(value)
        else:
            index, _, moment = rest.partition(".")
            moments.setdefault(int(index), {})[moment] = torch.from_numpy(value)
    network.load_state_dict(weights)
    optimiser.load_state_dict({"state": moments, "param_groups": optimiser.state_dict()["param_groups"]})
    return progress
