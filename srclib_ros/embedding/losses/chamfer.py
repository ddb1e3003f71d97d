"""Chamfer distance between clouds (Fan, Su and Guibas, arXiv 1612.00603, equation 1), squared."""

from __future__ import annotations

from torch import Tensor


def chamfer(clouds: Tensor, others: Tensor) -> Tensor:
    """(B,) mean squared distance of each cloud's points to the other's nearest, plus the same the other way.

    clouds: (B, N, 3). others: (B, M, 3).
    """
    squared = squared_distances(clouds, others)
    return squared.amin(dim=2).mean(dim=1) + squared.amin(dim=1).mean(dim=1)


def squared_distances(clouds: Tensor, others: Tensor) -> Tensor:
    """(B, N, M) squared Euclidean distances between the points of (B, N, 3) and of (B, M, 3)."""
    across = clouds.square().sum(dim=2)[:, :, None] + others.square().sum(dim=2)[:, None, :]
    return (across - 2.0 * clouds @ others.transpose(1, 2)).clamp(min=0.0)
