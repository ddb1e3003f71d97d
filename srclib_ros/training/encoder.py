"""Trains the shape encoder: many views of many parts, views of one part pulled together, all others pushed apart.

P x K batches (P parts, K views each) under the supervised contrastive loss; views are cropped on one side as
neighbours in a bin hide them. Rotation needs no augmentation beyond the views' own: the input is in its principal
frame, and what is left open by it is pooled by the network.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from srclib_ros.artifact import seal, write_atomic, write_json, write_tensors
from srclib_ros.embedding.encoder import CONFIG, KIND, ONNX, SCHEMA, WEIGHTS
from srclib_ros.embedding.losses.supervised_contrastive import supervised_contrastive
from srclib_ros.embedding.pointnet import PointNet, PointNetShape
from srclib_ros.embedding.preprocess import canonicalise
from srclib_ros.errors import TrainingError
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.training.shapes import random_shapes, stretched
from srclib_ros.training.views import ViewSet, cut_one_side, gather, simulate_views
from srclib_ros.types import FloatArray

Progress = Callable[..., Iterable[Any]]


@dataclass(frozen=True)
class EncoderTraining:
    """How an encoder is trained. Together with the seed and the parts it decides every weight."""

    random_shapes: int = 1600
    siblings: int = 2  # stretched copies of each part
    partial_views: int = 24
    full_views: int = 3
    stored_points: int = 512
    points: int = 128  # seen of each cloud in a step; the finished encoder reads `PointNetShape.n_points`
    parts_per_batch: int = 24
    views_per_part: int = 4
    steps: int = 5000
    learning_rate: float = 2e-3
    temperature: float = 0.07
    crop_probability: float = 0.7
    max_crop: float = 0.45
    jitter: float = 0.01  # standard deviation of noise on the points, as a share of the cloud's radius


def train_encoder(
    parts: Sequence[PartMesh],
    out: Path,
    seed: int,
    training: EncoderTraining | None = None,
    shape: PointNetShape | None = None,
    progress: Progress = lambda items, **_: items,
) -> dict[str, Any]:
    """Train on `parts`, stretched copies of them and random shapes; write the sealed encoder folder `out`.

    Returns the manifest. Raises TrainingError when the loss is not finite or there are too few parts.
    """
    training, shape = training or EncoderTraining(), shape or PointNetShape()
    rng = np.random.default_rng(seed)
    shapes = training_shapes(parts, training, rng)
    if len(shapes) < training.parts_per_batch:
        raise TrainingError(f"{len(shapes)} shapes to train on, a batch takes {training.parts_per_batch}; add parts")
    views = gather(
        progress(
            simulate_views(shapes, training.partial_views, training.full_views, training.stored_points, rng),
            total=len(shapes),
            label="views",
        )
    )
    network, final_loss = fit(views, training, shape, rng, progress)
    return write_encoder(
        Path(out), network, {"seed": seed, "parts": len(shapes), "training": asdict(training), "loss": final_loss}
    )


def training_shapes(
    parts: Sequence[PartMesh], training: EncoderTraining, rng: np.random.Generator
) -> list[PartMesh]:
    copies = [stretched(part, f"{part.name}_{i}", rng) for part in parts for i in range(training.siblings)]
    return [*parts, *copies, *random_shapes(training.random_shapes, rng)]


def fit(
    views: ViewSet,
    training: EncoderTraining,
    shape: PointNetShape,
    rng: np.random.Generator,
    progress: Progress = lambda items, **_: items,
) -> tuple[PointNet, float]:
    """A trained network in evaluation mode, and its loss averaged over the last steps."""
    torch.manual_seed(int(rng.integers(2**31)))
    network = PointNet(shape)
    optimiser = torch.optim.AdamW(network.parameters(), lr=training.learning_rate, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=training.learning_rate, total_steps=training.steps, pct_start=0.1
    )
    losses = []
    for _ in progress(range(training.steps), total=training.steps, label="encoder"):
        clouds, labels = batch(views, training, rng)
        loss = supervised_contrastive(network(torch.from_numpy(clouds)), torch.from_numpy(labels), training.temperature)
        if not torch.isfinite(loss):
            raise TrainingError("the encoder's loss is no longer finite; lower the learning rate")
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        losses.append(float(loss.detach()))
    return network.eval(), float(np.mean(losses[-100:]))


def batch(
    views: ViewSet, training: EncoderTraining, rng: np.random.Generator
) -> tuple[FloatArray, np.ndarray]:
    """P parts, K views of each, augmented and canonical: clouds (P K, points, 3), labels (P K,) int64."""
    per_part = training.partial_views + training.full_views
    chosen = rng.choice(int(views.part[-1]) + 1, training.parts_per_batch, replace=False)
    labels = np.repeat(np.arange(len(chosen)), training.views_per_part)
    rows = [part * per_part + rng.choice(per_part, training.views_per_part, replace=False) for part in chosen]
    clouds = [augmented(views.points[row], training, rng) for row in np.concatenate(rows)]
    return canonicalise(clouds, training.points).points, labels


def augmented(cloud: FloatArray, training: EncoderTraining, rng: np.random.Generator) -> FloatArray:
    """The cloud (N, 3) as worse circumstances would show it: noisier, and often cut on one side of the image."""
    radius = float(np.sqrt(cloud.var(axis=0).sum()))
    cloud = cloud + rng.normal(0.0, training.jitter * radius * rng.random(), cloud.shape).astype(np.float32)
    if rng.random() < training.crop_probability:
        cloud = cut_one_side(cloud, float(rng.uniform(0.0, training.max_crop)), rng)
    return cloud


def write_encoder(folder: Path, network: PointNet, meta: dict[str, Any]) -> dict[str, Any]:
    """Write network and weights as a sealed encoder folder; returns its manifest."""
    config = {"architecture": "pointnet", "loss": "supervised_contrastive", **asdict(network.shape)}
    write_json(folder / CONFIG, config)
    write_atomic(folder / ONNX, onnx_bytes(network))
    write_tensors(folder / WEIGHTS, {name: value.numpy() for name, value in network.state_dict().items()})
    return seal(folder, KIND, SCHEMA, meta)


def load_network(folder: Path, config: dict[str, Any], weights: dict[str, FloatArray]) -> PointNet:
    """The torch network of an encoder folder, to train it on."""
    names = PointNetShape.__dataclass_fields__
    shape = PointNetShape(**{k: tuple(v) if isinstance(v, list) else v for k, v in config.items() if k in names})
    network = PointNet(replace(shape))
    network.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
    return network.eval()


def onnx_bytes(network: PointNet) -> bytes:
    """The network as ONNX: input `clouds` (B, N, 3), output `embeddings` (B, D), B free."""
    example = torch.zeros(2, network.shape.n_points, 3)
    example[:, :, 0] = torch.linspace(-1, 1, network.shape.n_points)
    buffer = io.BytesIO()
    torch.onnx.export(
        network.folded(),
        (example,),
        buffer,
        dynamo=False,
        input_names=["clouds"],
        output_names=["embeddings"],
        dynamic_axes={"clouds": {0: "batch"}, "embeddings": {0: "batch"}},
        opset_version=17,
    )
    return buffer.getvalue()
