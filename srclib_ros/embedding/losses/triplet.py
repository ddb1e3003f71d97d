"""Triplet loss (Schroff, Kalenichenko and Philbin, arXiv 1503.03832; Weinberger and Saul, JMLR 2009)."""

from __future__ import annotations

from torch import Tensor


def triplet(to_positive: Tensor, to_negative: Tensor, margin: float) -> Tensor:
    """Wants each anchor nearer to its positive than to its negative by `margin`: max(0, d(a, p) - d(a, n) + m).

    to_positive, to_negative: (T,) distances of the same anchors, see `distances.pairwise`. The mean is over the
    triplets that still violate the margin (Hermans, arXiv 1703.07737, section 2): satisfied ones would dilute it.
    """
    violation = (to_positive - to_negative + margin).clamp(min=0.0)
    return violation.sum() / (violation > 0).sum().clamp(min=1)
