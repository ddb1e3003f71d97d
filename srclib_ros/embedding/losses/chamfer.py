"""Chamfer distance between clouds (Fan, Su and Guibas, arXiv 1612.00603, equation 1), squared."""

from __future__ import annotations

from torch import Tensor

from srclib_ros.embedding.distances import squared_distances


def chamfer(clouds: Tensor, others: Tensor) -> Tensor:
    """(B,) mean squared distance of each cloud's points to the other's nearest, plus the same the other way.

    clouds: (B, N, 3). others: (B, M, 3).
    """
    squared = squared_distances(clouds, others)
    return squared.amin(dim=2).mean(dim=1) + squared.amin(dim=1).mean(dim=1)
