"""Batch all: every valid triplet of the minibatch (Hermans, Beyer and Leibe, arXiv 1703.07737, equation 6)."""

from __future__ import annotations

from torch import Tensor

from srclib_ros.embedding.mining.triplets import Triplets, same_label


def batch_all(distance: Tensor, labels: Tensor, margin: float) -> Triplets:
    """distance: (B, B) between the batch's embeddings. labels: (B,). margin: of the loss.

    Those that satisfy the margin already add nothing to the loss and are left out.
    """
    positive, negative = same_label(labels)
    violated = distance[:, :, None] - distance[:, None, :] + margin > 0.0
    return Triplets(*(positive[:, :, None] & negative[:, None, :] & violated).nonzero(as_tuple=True))
