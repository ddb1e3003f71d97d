"""Siamese network under the contrastive loss of pairs."""

from __future__ import annotations

import torch
from torch import Tensor

from srclib_ros.embedding.distances import pairwise
from srclib_ros.embedding.encoder_kind import Batch, EncoderKind
from srclib_ros.embedding.losses.contrastive import contrastive
from srclib_ros.embedding.mining.triplets import same_label
from srclib_ros.embedding.shape_network import ShapeNetwork


class ContrastiveSiamese(EncoderKind):
    """Every alike pair of a batch, and as many of the nearest unlike pairs; Euclidean, on unit rows.

    margin: of `losses.contrastive`; unit rows are at most 2 apart.
    """

    def __init__(self, network: ShapeNetwork, margin: float = 1.0) -> None:
        super().__init__(network)
        self.margin = margin

    def loss(self, batch: Batch) -> Tensor:
        distance = pairwise(self.network(batch.clouds), "euclidean")
        positive, negative = same_label(batch.labels)
        alike = distance[positive.triu()]
        unlike = distance[negative.triu()]
        nearest = unlike.topk(min(len(alike), len(unlike)), largest=False).values
        different = torch.cat([torch.zeros_like(alike), torch.ones_like(nearest)])
        return contrastive(torch.cat([alike, nearest]), different, self.margin)
