"""Contractive autoencoder: the code must hardly move with its input (Rifai et al., ICML 2011)."""

from __future__ import annotations

import torch
from torch import Tensor

from srclib_ros.embedding.autoencoders.undercomplete import Undercomplete
from srclib_ros.embedding.encoder_kind import Batch
from srclib_ros.embedding.shape_network import ShapeNetwork


class Contractive(Undercomplete):
    """weight: of the squared Frobenius norm of the encoder's Jacobian."""

    def __init__(self, network: ShapeNetwork, weight: float = 1e-3, reconstruction: str = "chamfer") -> None:
        super().__init__(network, reconstruction)
        self.weight = weight

    def loss(self, batch: Batch) -> Tensor:
        clouds = batch.clouds.detach().requires_grad_()
        code = self.network.code(clouds)
        return self.reconstruction(code, batch.clouds) + self.weight * jacobian_norm(code, clouds)


def jacobian_norm(code: Tensor, clouds: Tensor) -> Tensor:
    """Mean squared Frobenius norm of d code / d cloud, estimated with one random projection a cloud.

    |J|^2 = E |J^T v|^2 for v standard normal (Hutchinson's estimator; Hoffman et al., arXiv 1908.02729, equation 8).
    code: (B, D), computed from clouds: (B, N, 3) that require a gradient.
    """
    (gradient,) = torch.autograd.grad((code * torch.randn_like(code)).sum(), clouds, create_graph=True)
    return gradient.square().sum(dim=(1, 2)).mean()
