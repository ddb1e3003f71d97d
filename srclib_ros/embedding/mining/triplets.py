"""Triplets as rows of a batch, and the masks that mining starts from."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Triplets(NamedTuple):
    """anchor, positive, negative: (T,) int64 rows; positive has the anchor's label, negative another."""

    anchor: Tensor
    positive: Tensor
    negative: Tensor


def same_label(labels: Tensor) -> tuple[Tensor, Tensor]:
    """(B, B) masks of labels (B,): which columns are a row's positives (not itself), and which its negatives."""
    same = labels[:, None] == labels[None, :]
    itself = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    return same & ~itself, ~same
