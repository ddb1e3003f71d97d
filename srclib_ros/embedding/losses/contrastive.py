"""Contrastive loss of pairs (Hadsell, Chopra and LeCun, CVPR 2006, equations 3 and 4): squared, with a margin."""

from __future__ import annotations

from torch import Tensor


def contrastive(distance: Tensor, different: Tensor, margin: float) -> Tensor:
    """Pulls alike pairs together and pushes unlike ones `margin` apart: the mean over pairs of

    (1 - Y) / 2 D^2 + Y / 2 max(0, m - D)^2

    distance: (P,) D, Euclidean. different: (P,) Y, 0 for two views of one part and 1 for two of different parts.
    margin: m > 0; unlike pairs farther apart than this no longer matter.
    """
    alike = (1.0 - different) * distance.square()
    unlike = different * (margin - distance).clamp(min=0.0).square()
    return 0.5 * (alike + unlike).mean()
