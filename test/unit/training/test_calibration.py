"""Thresholds and their rates, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from srclib_ros.embedding.encoder import Descriptors
from srclib_ros.library.search import Gallery
from srclib_ros.training.calibration import auroc, calibrate, calibrate_for_whole, threshold, threshold_that_keeps


def test_the_lowest_similarity_that_keeps_the_false_accepts() -> None:
    negative = np.linspace(0.0, 0.9, 10).astype(np.float32)
    found = threshold(np.float32([0.75, 0.85, 0.95, 0.97]), negative, 0.2)
    assert 0.7 < found.similarity <= 0.8 + 1e-6
    assert found.false_accept <= 0.2
    assert found.false_reject == pytest.approx(0.25)
    assert found.queries == 14


def test_where_the_negatives_are_far_off_nearly_all_positives_pass_and_no_more() -> None:
    found = threshold(np.linspace(0.7, 0.9, 21).astype(np.float32), np.float32([0.1, 0.2]), 0.3)
    assert found.similarity == pytest.approx(0.72)
    assert found.false_accept == 0.0
    assert found.false_reject == pytest.approx(2 / 21)


def test_no_negative_passes_when_none_may() -> None:
    assert threshold(np.float32([0.9]), np.float32([0.3, 0.5]), 0.0).false_accept == 0.0


@pytest.mark.parametrize(
    ("positive", "negative", "expected"),
    [([0.9, 0.8], [0.1, 0.2], 1.0), ([0.1], [0.9], 0.0), ([0.5], [0.5], 0.5), ([0.2, 0.8], [0.5], 0.5)],
)
def test_auroc(positive: list[float], negative: list[float], expected: float) -> None:
    assert auroc(np.float32(positive), np.float32(negative)) == pytest.approx(expected)


def test_the_two_verdicts_leave_out_the_entry_and_its_kind() -> None:
    """Bolts at 0 and 20 degrees, rings at 90 and 110; each queried by its own view."""
    angles = np.deg2rad([0.0, 20.0, 90.0, 110.0])
    views = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    sizes = np.ones(4, np.float32)
    found = calibrate(
        Gallery(views[:, None], sizes[:, None]),
        ["bolt", "bolt", "ring", "ring"],
        Descriptors(views, sizes),
        1,
        0.0,
    )
    assert found.identity.auroc == 1.0
    assert np.cos(np.deg2rad(20.0)) < found.identity.similarity <= 1.0
    assert found.suitability.auroc == 1.0
    assert np.cos(np.deg2rad(70.0)) < found.suitability.similarity <= np.cos(np.deg2rad(20.0))


def test_parts_that_all_are_alone_are_told_from_each_other() -> None:
    views = np.float32([[1.0, 0.0], [0.0, 1.0]])
    sizes = np.ones(2, np.float32)
    found = calibrate(Gallery(views[:, None], sizes[:, None]), ["a", ""], Descriptors(views, sizes), 1, 0.0)
    assert found.suitability.auroc == 1.0
    assert 0.0 < found.suitability.similarity <= 1.0


def test_the_highest_similarity_that_keeps_the_positives() -> None:
    found = threshold_that_keeps(np.linspace(0.1, 1.0, 10), np.array([0.0, 0.15, 0.25, 0.9]), 0.1)
    assert 0.1 < found.similarity <= 0.2
    assert (found.false_reject, found.false_accept) == (pytest.approx(0.1), pytest.approx(0.5))


def test_of_whole_parts_identity_is_beside_what_the_entry_s_own_views_say() -> None:
    """Two discs whose views are all alike, and two bolts whose views are not, each as far from its sibling as its
    views are from each other."""
    rng = np.random.default_rng(0)
    middle = np.deg2rad([0.0, 12.0, 90.0, 94.0])
    spread = np.deg2rad([1.0, 1.0, 0.2, 0.2])
    angles = middle[:, None] + spread[:, None] * rng.standard_normal((4, 40))
    views = np.stack([np.cos(angles), np.sin(angles)], axis=2).astype(np.float32)
    found = calibrate_for_whole(Gallery(views, np.ones((4, 40), np.float32)), ["bolt", "bolt", "disc", "disc"], 0.0)
    assert found.identity.similarity <= 0.0
    assert found.identity.auroc == 1.0
    assert found.identity.false_reject <= 0.1
    assert found.identity.false_accept == 0.0
    assert found.identity.queries == 2 * 4 * 4
    assert found.suitability.auroc == 1.0
