"""A classifier of the training shapes; its penultimate layer is the embedding: the baseline of metric learning."""

from __future__ import annotations

from torch import Tensor, nn

from srclib_ros.embedding.encoder_kind import Batch, EncoderKind
from srclib_ros.embedding.shape_network import ShapeNetwork


class Classifier(EncoderKind):
    """Cross-entropy over the training shapes. classes: how many there are."""

    def __init__(self, network: ShapeNetwork, classes: int) -> None:
        super().__init__(network)
        self.logits = nn.Linear(network.dim, classes)

    def loss(self, batch: Batch) -> Tensor:
        logits = self.logits(nn.functional.relu(self.network.code(batch.clouds)))
        return nn.functional.cross_entropy(logits, batch.labels)
