"""Denoising autoencoder: a spoilt cloud in, the clean one out (Vincent et al., ICML 2008)."""

from __future__ import annotations

import torch
from torch import Tensor

from srclib_ros.embedding.autoencoders.undercomplete import Undercomplete
from srclib_ros.embedding.encoder_kind import Batch
from srclib_ros.embedding.shape_network import ShapeNetwork


class Denoising(Undercomplete):
    """noise: standard deviation added to each coordinate, in the cloud's radius. dropped: share of the points that
    is gone; others stand there twice, so that the count stays."""

    def __init__(
        self, network: ShapeNetwork, noise: float = 0.05, dropped: float = 0.3, reconstruction: str = "chamfer"
    ) -> None:
        super().__init__(network, reconstruction)
        self.noise, self.dropped = noise, dropped

    def loss(self, batch: Batch) -> Tensor:
        return self.reconstruction(self.network.code(self.spoilt(batch.clouds)), batch.clouds)

    def spoilt(self, clouds: Tensor) -> Tensor:
        """(B, N, 3) with noise, and some points gone."""
        batch, points, _ = clouds.shape
        kept = max(1, round(points * (1.0 - self.dropped)))
        order = torch.rand(batch, points, device=clouds.device).argsort(dim=1)
        index = order[:, torch.arange(points) % kept].unsqueeze(-1).expand(-1, -1, 3)
        return clouds.gather(1, index) + self.noise * torch.randn_like(clouds)
