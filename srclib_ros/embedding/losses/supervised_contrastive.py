"""Supervised contrastive loss (Khosla et al., arXiv 2004.11362): over all positives, equation 2, or any, equation 3."""

from __future__ import annotations

import torch
from torch import Tensor


def supervised_contrastive(embeddings: Tensor, labels: Tensor, temperature: float, positives: str = "all") -> Tensor:
    """Pulls embeddings of one label together and pushes all others away, the nearest the hardest.

    positives: 'all', every positive is wanted near (the mean of the logarithms, L_out); or 'any', one near positive
    is enough (the logarithm of the sum, L_in): views from opposite sides of a part need not be alike.
    embeddings: (B, D), unit rows. labels: (B,) integers; one that occurs once is only pushed away from.
    temperature: > 0; small looks at the nearest others only. Returns the mean over anchors that have a positive.
    """
    itself = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    logits = (embeddings @ embeddings.T / temperature).masked_fill(itself, -torch.inf)
    log_share = logits - logits.logsumexp(dim=1, keepdim=True)
    positive = (labels[:, None] == labels[None, :]) & ~itself
    if positives == "any":
        return -log_share.masked_fill(~positive, -torch.inf)[positive.any(dim=1)].logsumexp(dim=1).mean()
    count = positive.sum(dim=1)
    of_positives = log_share.masked_fill(~positive, 0.0).sum(dim=1) / count.clamp(min=1)
    return -of_positives[count > 0].mean()
