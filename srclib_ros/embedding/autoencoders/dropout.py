"""Dropout autoencoder: the decoder must do without some of the code, so no single number carries a shape alone."""

from __future__ import annotations

from torch import Tensor, nn

from srclib_ros.embedding.autoencoders.undercomplete import Undercomplete
from srclib_ros.embedding.encoder_kind import Batch
from srclib_ros.embedding.shape_network import ShapeNetwork


class Dropout(Undercomplete):
    """rate: share of the code that is silenced at each step (Srivastava et al., JMLR 2014)."""

    def __init__(self, network: ShapeNetwork, rate: float = 0.3, reconstruction: str = "chamfer") -> None:
        super().__init__(network, reconstruction)
        self.dropout = nn.Dropout(rate)

    def loss(self, batch: Batch) -> Tensor:
        return self.reconstruction(self.dropout(self.network.code(batch.clouds)), batch.clouds)
