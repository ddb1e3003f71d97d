"""The loss worked out by hand on four embeddings at known angles."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")

from srclib_ros.embedding.losses.supervised_contrastive import supervised_contrastive


def at_degrees(*angles: float) -> torch.Tensor:
    radians = torch.deg2rad(torch.tensor(angles))
    return torch.stack([radians.cos(), radians.sin()], dim=1)


def test_by_hand() -> None:
    """Labels 0 0 1 1 at 0, 90, 180, 270 degrees: the positive's cosine is 0, the others' are 0 and -1."""
    expected = -math.log(1.0 / (1.0 + 1.0 + math.exp(-1.0)))
    loss = supervised_contrastive(at_degrees(0, 90, 180, 270), torch.tensor([0, 0, 1, 1]), temperature=1.0)
    assert float(loss) == pytest.approx(expected, rel=1e-5)


def test_temperature_divides_the_cosines() -> None:
    expected = -math.log(1.0 / (1.0 + 1.0 + math.exp(-2.0)))
    loss = supervised_contrastive(at_degrees(0, 90, 180, 270), torch.tensor([0, 0, 1, 1]), temperature=0.5)
    assert float(loss) == pytest.approx(expected, rel=1e-5)


def test_an_anchor_without_a_positive_is_only_pushed_away_from() -> None:
    """Only the two of label 0 are anchors; label 1 stands in their denominators."""
    to_first, to_second = math.cos(math.radians(180)), math.cos(math.radians(90))
    expected = (math.log(1.0 + math.exp(to_first)) + math.log(1.0 + math.exp(to_second))) / 2.0
    loss = supervised_contrastive(at_degrees(0, 90, 180), torch.tensor([0, 0, 1]), temperature=1.0)
    assert float(loss) == pytest.approx(expected, rel=1e-5)


def test_together_is_better_than_apart() -> None:
    labels = torch.tensor([0, 0, 1, 1])
    together = supervised_contrastive(at_degrees(0, 5, 180, 185), labels, 0.1)
    apart = supervised_contrastive(at_degrees(0, 180, 5, 185), labels, 0.1)
    assert together < apart


def test_any_positive_is_enough() -> None:
    """Labels 0 0 0 1 at 0, 0, 180, 180 degrees, temperature 1. Row 0: positives at cosine 1 and -1 of 1, -1, -1."""
    embeddings, labels = at_degrees(0, 0, 180, 180), torch.tensor([0, 0, 0, 1])
    near, far = math.e, 1.0 / math.e
    first = -math.log((near + far) / (near + 2.0 * far))
    third = -math.log(2.0 * far / (2.0 * far + near))
    loss = supervised_contrastive(embeddings, labels, 1.0, positives="any")
    assert float(loss) == pytest.approx((2.0 * first + third) / 3.0, rel=1e-5)


def test_any_positive_has_a_gradient_everywhere() -> None:
    embeddings = at_degrees(0, 5, 180, 185).requires_grad_()
    supervised_contrastive(embeddings, torch.tensor([0, 0, 1, 2]), 0.1, positives="any").backward()
    assert embeddings.grad is not None
    assert torch.isfinite(embeddings.grad).all()
