"""Sparse autoencoder: a penalty on the code, so that few of its numbers speak for any one shape."""

from __future__ import annotations

from torch import Tensor

from srclib_ros.embedding.autoencoders.undercomplete import Undercomplete
from srclib_ros.embedding.encoder_kind import Batch
from srclib_ros.embedding.shape_network import ShapeNetwork


class Sparse(Undercomplete):
    """penalty: 'l1' (sum of magnitudes, which reaches zero) or 'l2' (sum of squares). weight: against the loss."""

    def __init__(
        self, network: ShapeNetwork, penalty: str = "l1", weight: float = 1e-3, reconstruction: str = "chamfer"
    ) -> None:
        super().__init__(network, reconstruction)
        self.penalty, self.weight = penalty, weight

    def loss(self, batch: Batch) -> Tensor:
        code = self.network.code(batch.clouds)
        size = code.abs() if self.penalty == "l1" else code.square()
        return self.reconstruction(code, batch.clouds) + self.weight * size.sum(dim=1).mean()
