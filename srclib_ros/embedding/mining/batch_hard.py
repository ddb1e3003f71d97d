"""Batch hard: each anchor with its farthest positive and its nearest negative (arXiv 1703.07737, equation 5)."""

from __future__ import annotations

import torch
from torch import Tensor

from srclib_ros.embedding.mining.triplets import Triplets, same_label


def batch_hard(distance: Tensor, labels: Tensor, margin: float) -> Triplets:
    """distance: (B, B). labels: (B,). margin: not used, the hardest triplet counts in any case."""
    positive, negative = same_label(labels)
    anchor = (positive.any(dim=1) & negative.any(dim=1)).nonzero(as_tuple=True)[0]
    farthest = distance.masked_fill(~positive, -torch.inf)[anchor].argmax(dim=1)
    nearest = distance.masked_fill(~negative, torch.inf)[anchor].argmin(dim=1)
    return Triplets(anchor, farthest, nearest)
