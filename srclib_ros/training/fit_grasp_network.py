"""The optimiser's loop of a grasp network: resumable, and the same after a kill as without one."""

from __future__ import annotations

import copy
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from srclib_ros.errors import TrainingError
from srclib_ros.grasping.network import CHANNELS
from srclib_ros.grasping.object_model import ObjectModel
from srclib_ros.training.checkpoint import load_checkpoint, save_checkpoint
from srclib_ros.training.grasp_loss import GraspLoss
from srclib_ros.training.grasp_scenes import GraspScene
from srclib_ros.training.grasp_targets import make_example
from srclib_ros.training.grid_net import GridNet
from srclib_ros.training.progress import Progress, silent

SAVE_EVERY = 100
LOSS_OVER = 50  # last steps that the reported losses are averaged over


@dataclass(frozen=True)
class GraspSchedule:
    """steps of the optimiser, each on `maps` maps of `side_px` pixels; the rate rises, then falls as a cosine."""

    steps: int = 2500
    maps: int = 10
    side_px: int = 72
    learning_rate: float = 2.5e-3
    weight_decay: float = 1e-3

    def rate_at(self, step: int) -> float:
        done = (step + 1) / self.steps
        return self.learning_rate * min(done / 0.05, 1.0) * 0.5 * (1.0 + float(np.cos(np.pi * done)))


def fit_grasp_network(
    part: ObjectModel,
    scenes: Sequence[GraspScene],
    schedule: GraspSchedule,
    seed: int,
    checkpoint: Path | None = None,
    progress: Progress = silent,
) -> tuple[GridNet, dict[str, float]]:
    """A trained network in evaluation mode, and the terms of its loss averaged over the last steps.

    checkpoint: file written now and then, and gone on from when it is there. Raises TrainingError.
    """
    if not any((scene.is_target & (scene.visibility > 0.0)).any() for scene in scenes):
        raise TrainingError(f"{part.name}: no scene shows the part; simulate more scenes")
    torch.manual_seed(seed)
    network = GridNet(len(part.candidates)).to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(network.parameters(), weight_decay=schedule.weight_decay)
    start = int(load_checkpoint(checkpoint, network, optimiser)[0]) if checkpoint and checkpoint.is_file() else 0
    loss_of, last = GraspLoss(part), [{"total": float("nan")}]
    network.train()
    for step in progress(range(start, schedule.steps), total=schedule.steps - start, label=f"{part.name}: network"):
        rng = np.random.default_rng((seed, step))
        drawn = rng.integers(len(scenes), size=schedule.maps)
        examples = [make_example(scenes[index], part, schedule.side_px, rng) for index in drawn]
        maps = torch.from_numpy(np.stack([example.maps for example in examples]))
        terms = loss_of(network(maps.to(memory_format=torch.channels_last)), examples)
        loss = torch.stack(list(terms.values())).sum()
        if not torch.isfinite(loss):
            raise TrainingError(f"{part.name}: the loss is no longer finite; lower the learning rate")
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        for group in optimiser.param_groups:
            group["lr"] = schedule.rate_at(step)
        optimiser.step()
        last = [*last[-LOSS_OVER + 1 :], {name: float(term.detach()) for name, term in terms.items()}]
        if checkpoint and (step + 1) % SAVE_EVERY == 0:
            save_checkpoint(checkpoint, network, optimiser, np.array([step + 1]))
    names = [name for name in last[-1] if name != "total"]
    return network.eval(), {name: float(np.mean([terms.get(name, 0.0) for terms in last])) for name in names}


def onnx_bytes(network: GridNet) -> bytes:
    """The network as ONNX, batch normalisation folded: `maps` (1, CHANNELS, H, W) in, `cells` out, H and W free."""
    folded = copy.deepcopy(network).eval().to(memory_format=torch.contiguous_format)
    _fold(folded)
    buffer = io.BytesIO()
    torch.onnx.export(
        folded,
        (torch.zeros(1, CHANNELS, 32, 48),),
        buffer,
        dynamo=False,
        input_names=["maps"],
        output_names=["cells"],
        dynamic_axes={"maps": {2: "height", 3: "width"}, "cells": {2: "rows", 3: "columns"}},
        opset_version=17,
    )
    return buffer.getvalue()


def _fold(module: nn.Module) -> None:
    """Fold every normalisation into the convolution before it, in place."""
    for child in module.modules():
        if not isinstance(child, nn.Sequential):
            continue
        for index in range(len(child) - 1):
            conv, norm = child[index], child[index + 1]
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                child[index] = nn.utils.fuse_conv_bn_eval(conv, norm)
                child[index + 1] = nn.Identity()
