"""Triplet loss (Schroff, Kalenichenko and Philbin, arXiv 1503.03832; Weinberger and Saul, JMLR 2009)."""

from __future__ import annotations

import torch
from torch import Tensor


def triplet(to_positive: Tensor, to_negative: Tensor, margin: float) -> Tensor:
    """Wants each anchor nearer to its positive than to its negative by `margin`: max(0, d(a, p) - d(a, n) + m).

    to_positive, to_negative: (T,) distances of the same anchors, see `pairwise`. The mean is over the triplets that
    still violate the margin (Hermans, arXiv 1703.07737, section 2): satisfied ones would only dilute it.
    """
    violation = (to_positive - to_negative + margin).clamp(min=0.0)
    return violation.sum() / (violation > 0).sum().clamp(min=1)


def pairwise(embeddings: Tensor, metric: str) -> Tensor:
    """(B, B) distances between the rows of embeddings (B, D).

    metric: 'euclidean', or 'cosine': one minus the cosine, half the squared Euclidean distance of unit rows.
    """
    if metric == "cosine":
        unit = torch.nn.functional.normalize(embeddings, dim=-1)
        return 1.0 - unit @ unit.T
    squared = embeddings.square().sum(dim=1)
    gap = squared[:, None] + squared[None, :] - 2.0 * embeddings @ embeddings.T
    return gap.clamp(min=1e-12).sqrt()  # the root of nothing has no gradient
