"""Each strategy on one distance matrix that can be read by eye.

Rows 0, 1, 2 are of label 0, rows 3, 4 of label 1. From row 0: positives at 0.2 and 0.5, negatives at 0.3 and 0.9.
"""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from srclib_ros.embedding.mining.batch_all import batch_all
from srclib_ros.embedding.mining.batch_hard import batch_hard
from srclib_ros.embedding.mining.offline_hard import offline_hard
from srclib_ros.embedding.mining.semi_hard import semi_hard
from srclib_ros.embedding.mining.triplets import Triplets

LABELS = torch.tensor([0, 0, 0, 1, 1])
DISTANCE = torch.tensor(
    [
        [0.0, 0.2, 0.5, 0.3, 0.9],
        [0.2, 0.0, 0.4, 0.8, 0.7],
        [0.5, 0.4, 0.0, 0.6, 1.0],
        [0.3, 0.8, 0.6, 0.0, 0.1],
        [0.9, 0.7, 1.0, 0.1, 0.0],
    ]
)


def as_set(triplets: Triplets) -> set[tuple[int, ...]]:
    return set(zip(*(column.tolist() for column in triplets), strict=True))


def test_batch_hard_takes_the_farthest_positive_and_the_nearest_negative() -> None:
    assert as_set(batch_hard(DISTANCE, LABELS, 0.2)) == {(0, 2, 3), (1, 2, 4), (2, 0, 3), (3, 4, 0), (4, 3, 1)}


def test_batch_all_takes_every_triplet_within_the_margin() -> None:
    """Of 3 x 2 x 2 + 2 x 1 x 3 = 18 valid ones, those whose negative is not 0.2 farther than the positive."""
    assert as_set(batch_all(DISTANCE, LABELS, 0.2)) == {(0, 1, 3), (0, 2, 3), (2, 0, 3)}
    assert len(batch_all(DISTANCE, LABELS, 10.0).anchor) == 18


def test_semi_hard_takes_the_nearest_negative_beyond_the_positive_within_the_margin() -> None:
    """(0, 1): 0.3 lies between 0.2 and 0.4. (0, 2): 0.3 is harder than semi-hard, 0.9 beyond the margin."""
    assert as_set(semi_hard(DISTANCE, LABELS, 0.2)) == {(0, 1, 3), (2, 0, 3)}


def test_offline_hard_finds_the_nearest_other_of_the_whole_set(rng: np.random.Generator) -> None:
    angles = np.deg2rad([0.0, 10.0, 30.0, 90.0, 100.0, 300.0])
    embeddings = np.column_stack((np.cos(angles), np.sin(angles))).astype(np.float32)
    labels = np.array([0, 0, 1, 1, 2, 3])
    triplets = offline_hard(embeddings, labels, 1, rng)
    assert triplets.tolist() == [[0, 1, 2], [1, 0, 2], [2, 3, 1], [3, 2, 4]]


def test_no_negative_is_no_triplet() -> None:
    alone = torch.tensor([0, 0])
    for mine in (batch_all, batch_hard, semi_hard):
        assert len(mine(DISTANCE[:2, :2], alone, 0.2).anchor) == 0
