"""Earth mover's distance between clouds, by Sinkhorn's iteration (Cuturi, arXiv 1306.0895) in logarithms."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from srclib_ros.embedding.distances import squared_distances


def sinkhorn(clouds: Tensor, others: Tensor, regularisation: float = 0.02, iterations: int = 30) -> Tensor:
    """(B,) transport cost, in squared distance a point, of the entropic plan that moves each cloud onto the other.

    clouds: (B, N, 3). others: (B, M, 3); every point of a cloud weighs the same. regularisation: of the entropy, in
    squared distance; towards 0 the plan is the earth mover's. The gradient is taken with the plan held fixed, which
    is exact in that limit, and needs no memory of the iterations.
    """
    cost = squared_distances(clouds, others)
    with torch.no_grad():
        kernel = -cost / regularisation
        log_a, log_b = -math.log(cost.shape[1]), -math.log(cost.shape[2])
        g = torch.zeros_like(cost[:, 0, :])
        for _ in range(iterations):
            f = log_a - torch.logsumexp(kernel + g[:, None, :], dim=2)
            g = log_b - torch.logsumexp(kernel + f[:, :, None], dim=1)
        plan = torch.exp(kernel + f[:, :, None] + g[:, None, :])
    return (plan * cost).sum(dim=(1, 2))
