"""P x K batches as `Batches` draws them, made where the network trains: a GPU takes a thousand clouds a step, which one
core would be a second over.
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from srclib_ros.embedding.encoder_kind import Batch
from srclib_ros.embedding.preprocess import PRINCIPAL
from srclib_ros.training.batches import Batches
from srclib_ros.training.views import ViewSet


def can_draw(batches: Batches, frame: str) -> bool:
    """Whether `DeviceBatches` draws such batches: of any views of single shapes, each drawn once, in principal axes."""
    plain = replace(batches, grouping="part", anchor="view", sampling="parts", repeats=1)
    return batches == plain and frame == PRINCIPAL


class DeviceBatches:
    """The same distribution as `Batches.draw`, other numbers. Raises nothing that `Batches.check` has not."""

    def __init__(self, views: ViewSet, batches: Batches, device: torch.device) -> None:
        self._batches = batches
        self._points = torch.from_numpy(views.points[..., :3]).to(device)
        self._points = self._points.reshape(views.parts, views.of_each, -1, 3)
        telling = torch.zeros(views.parts, views.of_each)
        for shape, rows in enumerate(views.telling):
            telling[shape, torch.from_numpy(rows) - shape * views.of_each] = 1.0
        self._telling = telling.to(device)

    def draw(self, seed: int) -> Batch:
        """One batch; the same seed, the same batch on the same device."""
        rng = torch.Generator(self._points.device).manual_seed(seed)
        parts, views = self._batches.parts, min(self._batches.views, self._points.shape[1])
        shapes = torch.randperm(len(self._points), device=rng.device, generator=rng)[:parts]
        order = self._rand(rng, parts, self._points.shape[1]) + 2.0 * self._telling[shapes]
        rows = order.topk(views, dim=1).indices
        clouds = self._points[shapes[:, None], rows].flatten(0, 1)
        labels = shapes.repeat_interleave(views)
        return Batch(self._canonical(*self._augmented(clouds, rng)), labels)

    def _augmented(self, clouds: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """(B, N, 3) noisier, along a random direction of the image; and how many of each, the first, are kept, (B,)."""
        batch, count, _ = clouds.shape
        radius = clouds.var(dim=1, unbiased=False).sum(-1).sqrt()
        noise = torch.randn(clouds.shape, device=rng.device, generator=rng)
        clouds = clouds + noise * (self._batches.jitter * radius * self._rand(rng, batch))[:, None, None]
        angle = 2.0 * math.pi * self._rand(rng, batch, 1)
        along = clouds[..., 0] * angle.cos() + clouds[..., 1] * angle.sin()
        hidden = self._batches.max_crop * self._rand(rng, batch)
        hidden = hidden * (self._rand(rng, batch) < self._batches.crop_probability)
        return _sorted(clouds, along), (count * (1.0 - hidden)).round().long().clamp(min=3)

    def _canonical(self, clouds: Tensor, kept: Tensor) -> Tensor:
        """(B, points, 3) of the first `kept` (B,) points of each, see `preprocess.canonicalise`."""
        count, points = clouds.shape[1], self._batches.points
        there = torch.arange(count, device=clouds.device)[None] < kept[:, None]
        middle = (clouds * there[..., None]).sum(dim=1, keepdim=True) / kept[:, None, None]
        clouds = (clouds - middle) * there[..., None]
        scatter = clouds.mT @ clouds
        size = (scatter.diagonal(dim1=1, dim2=2).sum(-1) / kept).sqrt().clamp(min=1e-9)
        axes = torch.linalg.eigh(scatter).eigenvectors.flip(2)
        axes[..., 2] *= torch.linalg.det(axes).sign()[:, None]
        clouds = clouds @ axes / size[:, None, None]
        clouds = _sorted(clouds, clouds[..., 0].masked_fill(~there, math.inf))
        evenly = (torch.arange(points, device=clouds.device) + 0.5) * kept[:, None] / points
        return clouds.gather(1, evenly.long()[..., None].expand(-1, -1, 3))

    @staticmethod
    def _rand(rng: torch.Generator, *shape: int) -> Tensor:
        return torch.rand(*shape, device=rng.device, generator=rng)


def _sorted(clouds: Tensor, by: Tensor) -> Tensor:
    """The points (B, N, 3) of each cloud in the order of (B, N)."""
    return clouds.gather(1, by.argsort(dim=1)[..., None].expand(-1, -1, 3))
