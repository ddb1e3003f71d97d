"""The one interface of all encoders in training."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

from torch import Tensor, nn

from srclib_ros.embedding.shape_network import ShapeNetwork


class Batch(NamedTuple):
    """clouds: (B, N, 3) float32, canonical. labels: (B,) int64, equal for views of one shape (or family)."""

    clouds: Tensor
    labels: Tensor


class EncoderKind(nn.Module, ABC):
    """A network that is to become an encoder, what it needs to be trained, and the loss that shapes it.

    Only `network` ships; decoders and classifiers stay with the weights for those who train on.
    """

    def __init__(self, network: ShapeNetwork) -> None:
        super().__init__()
        self.network = network

    @abstractmethod
    def loss(self, batch: Batch) -> Tensor:
        """A scalar to descend."""
