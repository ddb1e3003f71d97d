"""Offline hard triplets: found over the whole training set between steps, not within a minibatch."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from srclib_ros.types import FloatArray


def offline_hard(
    embeddings: FloatArray, labels: npt.NDArray[np.int64], hardest: int, rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """(B, 3) rows of embeddings (B, D): every row as anchor, its farthest positive, and a hard negative.

    The negative is drawn from the `hardest` nearest rows of other labels: the nearest alone is too often a twin that
    nothing can tell apart. A row without a positive is left out. labels: (B,).
    """
    triplets = []
    for start in range(0, len(embeddings), 1024):
        anchors = np.arange(start, min(start + 1024, len(embeddings)))
        similarity = embeddings[anchors] @ embeddings.T
        same = labels[anchors][:, None] == labels[None, :]
        positive = same & (anchors[:, None] != np.arange(len(labels)))
        kept = positive.any(axis=1)
        farthest = np.where(positive, similarity, np.inf).argmin(axis=1)
        nearest = np.argpartition(np.where(same, np.inf, -similarity), hardest - 1, axis=1)[:, :hardest]
        negative = nearest[np.arange(len(anchors)), rng.integers(hardest, size=len(anchors))]
        triplets.append(np.column_stack((anchors, farthest, negative))[kept])
    return np.concatenate(triplets)
