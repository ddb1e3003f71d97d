"""The optimiser's loop of the encoder: resumable, and the same after a kill as without one."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import nn

from srclib_ros.embedding.encoder_kind import Batch, EncoderKind
from srclib_ros.errors import TrainingError
from srclib_ros.training.batches import Batches
from srclib_ros.training.checkpoint import load_checkpoint, save_checkpoint
from srclib_ros.training.device_batches import DeviceBatches, can_draw
from srclib_ros.training.offline_mining import HardTriplets
from srclib_ros.training.progress import Progress, silent
from srclib_ros.training.views import ViewSet

SAVE_EVERY = 200  # triplets are mined anew as often, so that a resumed training has the same
LOSS_OVER = 100  # last steps that the reported loss is averaged over


@dataclass(frozen=True)
class Schedule:
    """steps of the optimiser; the learning rate rises over the first tenth and falls to nothing as a cosine."""

    steps: int = 3000
    learning_rate: float = 2e-3
    weight_decay: float = 1e-4
    batches: Batches = field(default_factory=Batches)

    def rate_at(self, step: int) -> float:
        done = (step + 1) / self.steps
        rising = min(done / 0.1, 1.0)
        return self.learning_rate * rising * 0.5 * (1.0 + float(np.cos(np.pi * max(done - 0.1, 0.0) / 0.9)))


def fit(
    kind: EncoderKind,
    views: ViewSet,
    schedule: Schedule,
    seed: int,
    checkpoint: Path | None = None,
    progress: Progress = silent,
    mine_offline: bool = False,
) -> float:
    """Train `kind` where it stands and leave it in evaluation mode; returns its loss averaged over the last steps.

    checkpoint: file written now and then, and gone on from when it is there. mine_offline: batches are hard triplets
    of the whole set instead of P x K views. On a GPU where there is one; batches are then drawn there too, where
    `can_draw`. Raises TrainingError.
    """
    schedule.batches.check(views)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    kind.to(device)
    optimiser = torch.optim.AdamW(kind.parameters(), weight_decay=schedule.weight_decay)
    losses = load_checkpoint(checkpoint, kind, optimiser).tolist() if checkpoint and checkpoint.is_file() else []
    kind.train()
    frame = kind.network.shape.frame
    triplets: HardTriplets | None = None
    on_device = device.type != "cpu" and not mine_offline and can_draw(schedule.batches, frame)
    drawn_there = DeviceBatches(views, schedule.batches, device) if on_device else None
    for step in progress(range(len(losses), schedule.steps), total=schedule.steps - len(losses), label="encoder"):
        rng = np.random.default_rng([seed, step])
        number = int(rng.integers(2**31))
        torch.manual_seed(number)
        if mine_offline and step % SAVE_EVERY == 0:
            triplets = HardTriplets.mined(kind.network, views, schedule.batches.points, rng)
        if drawn_there is not None:
            batch = drawn_there.draw(number)
        else:
            if triplets is None:
                draw = schedule.batches.draw(views, rng, frame)
            else:
                draw = triplets.draw(views, schedule.batches, rng, frame)
            batch = Batch(*(torch.from_numpy(array).to(device) for array in draw))
        loss = kind.loss(batch)
        if not torch.isfinite(loss):
            raise TrainingError("the encoder's loss is no longer finite; lower the learning rate")
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(kind.parameters(), 1.0)
        for group in optimiser.param_groups:
            group["lr"] = schedule.rate_at(step)
        optimiser.step()
        losses.append(float(loss.detach()))
        if checkpoint and (step + 1) % SAVE_EVERY == 0:
            save_checkpoint(checkpoint, kind, optimiser, np.array(losses))
    kind.cpu().eval()
    return float(np.mean(losses[-LOSS_OVER:]))
