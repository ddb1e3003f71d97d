"""A grasp network that starts as a source's: its weights, brought to the target's candidates and canonical frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from srclib_ros.artifact import read_bytes, resolve_inside
from srclib_ros.errors import ArtifactDamagedError
from srclib_ros.grasping.gripper import Gripper
from srclib_ros.grasping.model import ONNX, GraspModel
from srclib_ros.grasping.network import FIRST_QUALITY
from srclib_ros.grasping.object_model import ObjectModel
from srclib_ros.grasping.registration import Registration, nearest_candidates, register
from srclib_ros.training.grasp_scenes import GraspScene
from srclib_ros.training.grasp_targets import make_example
from srclib_ros.training.grid_net import GridNet
from srclib_ros.types import FloatArray

ALIKE = 0.2
"""Diameters: a candidate with no nearer one in the source starts as the mean of the source's."""
SEEN = 48  # maps from which the normalisations take their statistics


@dataclass(frozen=True, eq=False)
class WarmStart:
    """part: the target, in the source's canonical frame. network: answers for it as the source's would."""

    part: ObjectModel
    network: GridNet
    registration: Registration


def warm_start(
    source: GraspModel,
    weights: dict[str, FloatArray],
    part: ObjectModel,
    gripper: Gripper,
    scenes: Sequence[GraspScene],
    side_px: int,
) -> WarmStart:
    """gripper: that both grasp with. weights: of the source's network, as `stored_weights` gives them.

    scenes: of the target, to see how the source's network answers there: its normalisations were folded away, and are
    put back such that it answers as before.
    """
    found = register(part, source.object)
    part = replace(part, R_canonical_object=source.object.R_canonical_object @ found.R_source_target)
    state = dict(weights)
    alike, distance = nearest_candidates(part, source.object, found, gripper.turns_freely)
    for name in ("cells.weight", "cells.bias"):
        rated = weights[name][FIRST_QUALITY:]
        near = (distance < ALIKE).reshape(-1, *[1] * (rated.ndim - 1))
        ratings = np.where(near, rated[alike], rated.mean(axis=0))
        state[name] = np.concatenate([weights[name][:FIRST_QUALITY], ratings.astype(np.float32)])
    network = network_of(state)
    rng = np.random.default_rng(0)
    drawn = [make_example(scenes[index % len(scenes)], part, side_px, rng).maps for index in range(SEEN)]
    _normalise(network, torch.from_numpy(np.stack(drawn)))
    return WarmStart(part, network, found)


def stored_weights(folder: Path) -> dict[str, FloatArray]:
    """Name -> array of the network in a sealed model folder. Raises ArtifactDamagedError."""
    stored = onnx.load_model_from_string(read_bytes(resolve_inside(folder, ONNX)))
    weights = {
        tensor.name.removesuffix(".half"): numpy_helper.to_array(tensor).astype(np.float32)
        for tensor in stored.graph.initializer
    }
    if "cells.weight" not in weights:
        raise ArtifactDamagedError(f"{folder}: its network is none that can be trained on; train it again")
    return weights


def network_of(weights: dict[str, FloatArray]) -> GridNet:
    """In evaluation mode, to be used. Its normalisations were folded into the convolutions; each only adds what it had
    added, so that trained on it would be another."""
    state = {name: torch.from_numpy(value) for name, value in weights.items()}
    network = GridNet(len(state["cells.bias"]) - FIRST_QUALITY).eval()
    for name, module in network.named_modules():
        if not isinstance(module, nn.Sequential):
            continue
        for index in range(len(module) - 1):
            conv, norm = module[index], module[index + 1]
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                conv.weight.data.copy_(state[f"{name}.{index}.weight"])
                norm.bias.data.copy_(state[f"{name}.{index}.bias"])
                norm.running_var.fill_(1.0 - norm.eps)  # type: ignore[union-attr]
    network.cells.weight.data.copy_(state["cells.weight"])
    network.cells.bias.data.copy_(state["cells.bias"])
    return network


@torch.no_grad()
def _normalise(network: GridNet, maps: Tensor) -> None:
    """Give each normalisation the statistics of these maps (B, CHANNELS, H, W), and what keeps its answers as they
    are."""

    def settle(norm: nn.BatchNorm2d, inputs: Any, _: Tensor) -> None:
        mean = inputs[0].mean(dim=(0, 2, 3))
        variance = inputs[0].var(dim=(0, 2, 3), unbiased=False)
        norm.running_mean.copy_(mean)  # type: ignore[union-attr]
        norm.running_var.copy_(variance)  # type: ignore[union-attr]
        norm.weight.copy_(torch.sqrt(variance + norm.eps))
        norm.bias += mean

    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    hooks = [norm.register_forward_hook(settle) for norm in norms]  # type: ignore[arg-type]
    network(maps)
    for hook in hooks:
        hook.remove()
