"""Variational autoencoder: a cloud becomes a distribution of codes (Kingma and Welling, arXiv 1312.6114)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from srclib_ros.embedding.autoencoders.undercomplete import Undercomplete
from srclib_ros.embedding.encoder_kind import Batch
from srclib_ros.embedding.shape_network import ShapeNetwork

MAX_LOG_VARIANCE = 8.0


class Variational(Undercomplete):
    """The network's code is the mean; `log_variance` reads the same features. weight: of the divergence from the
    standard normal, from which new shapes are drawn."""

    def __init__(self, network: ShapeNetwork, weight: float = 1e-3, reconstruction: str = "chamfer") -> None:
        super().__init__(network, reconstruction)
        self.weight = weight
        self.log_variance = nn.Linear(network.width, network.dim)

    def loss(self, batch: Batch) -> Tensor:
        features = self.network.features(batch.clouds)
        mean = self.network.embedding(features)
        log_variance = self.log_variance(features).clamp(-MAX_LOG_VARIANCE, MAX_LOG_VARIANCE)
        drawn = mean + (0.5 * log_variance).exp() * torch.randn_like(mean)
        return self.reconstruction(drawn, batch.clouds) + self.weight * divergence(mean, log_variance)


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Mean Kullback-Leibler divergence of N(mean, exp(log_variance)) from the standard normal; both (B, D)."""
    return 0.5 * (mean.square() + log_variance.exp() - 1.0 - log_variance).sum(dim=1).mean()
