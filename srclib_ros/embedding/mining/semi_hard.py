"""Semi-hard, or medium hard: the nearest negative that is farther than the positive, yet within the margin
(FaceNet, arXiv 1503.03832, section 3.2)."""

from __future__ import annotations

import torch
from torch import Tensor

from srclib_ros.embedding.mining.triplets import Triplets, same_label


def semi_hard(distance: Tensor, labels: Tensor, margin: float) -> Triplets:
    """distance: (B, B). labels: (B,). One triplet for each pair of anchor and positive that has such a negative."""
    positive, negative = same_label(labels)
    anchor, other = positive.nonzero(as_tuple=True)
    to_positive = distance[anchor, other][:, None]
    to_all = distance[anchor]
    medium = negative[anchor] & (to_all > to_positive) & (to_all < to_positive + margin)
    found = medium.any(dim=1)
    nearest = to_all.masked_fill(~medium, torch.inf).argmin(dim=1)
    return Triplets(anchor[found], other[found], nearest[found])
