"""Batches made of hard triplets that were found over the whole training set."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from srclib_ros.embedding.mining.offline_hard import offline_hard
from srclib_ros.embedding.preprocess import canonicalise
from srclib_ros.embedding.shape_network import ShapeNetwork
from srclib_ros.training.batches import Batches
from srclib_ros.training.views import ViewSet
from srclib_ros.types import FloatArray

VIEWS_OF_EACH = 3
HARDEST = 10
AT_ONCE = 256


@dataclass(frozen=True, eq=False)
class HardTriplets:
    """rows: (T, 3) int64 anchor, positive and negative, rows of the views that they were mined from."""

    rows: npt.NDArray[np.int64]

    @classmethod
    def mined(cls, network: ShapeNetwork, views: ViewSet, points: int, rng: np.random.Generator) -> HardTriplets:
        """From `VIEWS_OF_EACH` views of every shape, as the network sees them now."""
        rows = np.concatenate([rng.permutation(telling)[:VIEWS_OF_EACH] for telling in views.telling])
        labels = rows // views.of_each
        device = next(network.parameters()).device
        network.eval()
        with torch.no_grad():
            embeddings = np.concatenate(
                [
                    network(
                        torch.from_numpy(
                            canonicalise(list(views.points[part, :, :3]), points, network.shape.frame).points
                        ).to(device)
                    )
                    .cpu()
                    .numpy()
                    for part in np.array_split(rows, -(-len(rows) // AT_ONCE))
                ]
            )
        network.train()
        return cls(rows[offline_hard(embeddings, labels, HARDEST, rng)])

    def draw(
        self, views: ViewSet, batches: Batches, rng: np.random.Generator, frame: str
    ) -> tuple[FloatArray, npt.NDArray[np.int64]]:
        """As `Batches.draw`, of about as many clouds: triplets drawn anew."""
        chosen = rng.choice(len(self.rows), batches.parts * batches.views // 3, replace=False)
        rows = self.rows[chosen].ravel()
        return batches.clouds(views, rows, rng, frame), rows // views.of_each
