"""Siamese network under the supervised contrastive loss: all pairs of a batch at once."""

from __future__ import annotations

from torch import Tensor

from srclib_ros.embedding.encoder_kind import Batch, EncoderKind
from srclib_ros.embedding.losses.supervised_contrastive import supervised_contrastive
from srclib_ros.embedding.shape_network import ShapeNetwork


class SupervisedContrastiveSiamese(EncoderKind):
    """temperature, positives: of `losses.supervised_contrastive`."""

    def __init__(self, network: ShapeNetwork, temperature: float = 0.07, positives: str = "all") -> None:
        super().__init__(network)
        self.temperature, self.positives = temperature, positives

    def loss(self, batch: Batch) -> Tensor:
        return supervised_contrastive(self.network(batch.clouds), batch.labels, self.temperature, self.positives)
