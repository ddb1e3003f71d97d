"""Siamese network under the triplet loss, its triplets mined in the batch or beforehand."""

from __future__ import annotations

from torch import Tensor

from srclib_ros.embedding.distances import pairwise
from srclib_ros.embedding.encoder_kind import Batch, EncoderKind
from srclib_ros.embedding.losses.triplet import triplet
from srclib_ros.embedding.mining.batch_all import batch_all
from srclib_ros.embedding.mining.batch_hard import batch_hard
from srclib_ros.embedding.mining.semi_hard import semi_hard
from srclib_ros.embedding.shape_network import ShapeNetwork

OFFLINE = "offline"
MINING = {"batch_all": batch_all, "batch_hard": batch_hard, "semi_hard": semi_hard}


class TripletSiamese(EncoderKind):
    """margin: of `losses.triplet`. metric: 'euclidean' or 'cosine'. mining: a name of `MINING`, or 'offline'.

    Offline, the batches themselves are made of hard triplets that were found over the whole training set
    (`training.batches`), and every violated one of a batch counts.
    """

    def __init__(
        self, network: ShapeNetwork, margin: float = 0.2, metric: str = "euclidean", mining: str = "batch_hard"
    ) -> None:
        super().__init__(network)
        self.margin, self.metric = margin, metric
        self.mine = batch_all if mining == OFFLINE else MINING[mining]

    def loss(self, batch: Batch) -> Tensor:
        distance = pairwise(self.network(batch.clouds), self.metric)
        anchor, positive, negative = self.mine(distance.detach(), batch.labels, self.margin)
        return triplet(distance[anchor, positive], distance[anchor, negative], self.margin)
