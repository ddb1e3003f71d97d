"""The optimiser's loop of the encoder: resumable, and the same after a kill as without one."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import nn

from srclib_ros.embedding.losses.supervised_contrastive import supervised_contrastive
from srclib_ros.embedding.pointnet import PointNet, PointNetShape
from srclib_ros.errors import TrainingError
from srclib_ros.training.batches import Batches
from srclib_ros.training.checkpoint import load_checkpoint, save_checkpoint
from srclib_ros.training.progress import Progress, silent
from srclib_ros.training.views import ViewSet

SAVE_EVERY = 200
LOSS_OVER = 100  # last steps that the reported loss is averaged over


@dataclass(frozen=True)
class Schedule:
    """steps of the optimiser; the learning rate rises over the first tenth and falls to nothing as a cosine."""

    steps: int = 3000
    learning_rate: float = 2e-3
    weight_decay: float = 1e-4
    temperature: float = 0.07
    batches: Batches = field(default_factory=Batches)

    def rate_at(self, step: int) -> float:
        done = (step + 1) / self.steps
        rising = min(done / 0.1, 1.0)
        return self.learning_rate * rising * 0.5 * (1.0 + float(np.cos(np.pi * max(done - 0.1, 0.0) / 0.9)))


def fit(
    views: ViewSet,
    schedule: Schedule,
    shape: PointNetShape,
    seed: int,
    checkpoint: Path | None = None,
    progress: Progress = silent,
) -> tuple[PointNet, float]:
    """A trained network in evaluation mode, and its loss averaged over the last steps.

    checkpoint: file written now and then, and gone on from when it is there. Raises TrainingError.
    """
    if views.parts < schedule.batches.parts:
        raise TrainingError(f"{views.parts} shapes to train on, a batch takes {schedule.batches.parts}; add parts")
    torch.manual_seed(seed)
    network = PointNet(shape)
    optimiser = torch.optim.AdamW(network.parameters(), weight_decay=schedule.weight_decay)
    losses = load_checkpoint(checkpoint, network, optimiser).tolist() if checkpoint and checkpoint.is_file() else []
    for step in progress(range(len(losses), schedule.steps), total=schedule.steps - len(losses), label="encoder"):
        clouds, labels = schedule.batches.draw(views, np.random.default_rng([seed, step]))
        embeddings = network(torch.from_numpy(clouds))
        loss = supervised_contrastive(embeddings, torch.from_numpy(labels), schedule.temperature)
        if not torch.isfinite(loss):
            raise TrainingError("the encoder's loss is no longer finite; lower the learning rate")
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        for group in optimiser.param_groups:
            group["lr"] = schedule.rate_at(step)
        optimiser.step()
        losses.append(float(loss.detach()))
        if checkpoint and (step + 1) % SAVE_EVERY == 0:
            save_checkpoint(checkpoint, network, optimiser, np.array(losses))
    return network.eval(), float(np.mean(losses[-LOSS_OVER:]))
