"""Distances between points of clouds, and between embeddings. Torch."""

from __future__ import annotations

import torch
from torch import Tensor


def squared_distances(clouds: Tensor, others: Tensor) -> Tensor:
    """(B, N, M) squared Euclidean distances between the points of (B, N, 3) and of (B, M, 3)."""
    across = clouds.square().sum(dim=2)[:, :, None] + others.square().sum(dim=2)[:, None, :]
    return (across - 2.0 * clouds @ others.transpose(1, 2)).clamp(min=0.0)


def pairwise(embeddings: Tensor, metric: str) -> Tensor:
    """(B, B) distances between the rows of embeddings (B, D).

    metric: 'euclidean', or 'cosine': one minus the cosine, half the squared Euclidean distance of unit rows.
    """
    if metric == "cosine":
        unit = torch.nn.functional.normalize(embeddings, dim=-1)
        return 1.0 - unit @ unit.T
    squared = squared_distances(embeddings[None], embeddings[None])[0]
    return squared.clamp(min=1e-12).sqrt()  # the root of nothing has no gradient
