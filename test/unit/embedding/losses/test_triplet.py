"""The loss of triplets worked out by hand, and both metrics."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")

from srclib_ros.embedding.distances import pairwise
from srclib_ros.embedding.losses.triplet import triplet


def test_by_hand() -> None:
    """Margin 0.5: violations 0.2 + 0.5 - 0.4 = 0.3, none, and 0.9 + 0.5 - 0.3 = 1.1; the mean is over two."""
    loss = triplet(torch.tensor([0.2, 0.1, 0.9]), torch.tensor([0.4, 0.8, 0.3]), margin=0.5)
    assert float(loss) == pytest.approx((0.3 + 1.1) / 2)


def test_nothing_violated_is_no_loss() -> None:
    assert float(triplet(torch.tensor([0.1]), torch.tensor([0.9]), margin=0.5)) == 0.0


def test_euclidean() -> None:
    distance = pairwise(torch.tensor([[0.0, 0.0], [3.0, 4.0], [3.0, 0.0]]), "euclidean")
    torch.testing.assert_close(
        distance, torch.tensor([[0.0, 5.0, 3.0], [5.0, 0.0, 4.0], [3.0, 4.0, 0.0]]), atol=1e-5, rtol=0
    )


def test_cosine_does_not_see_the_length() -> None:
    distance = pairwise(torch.tensor([[2.0, 0.0], [1.0, 1.0], [-5.0, 0.0]]), "cosine")
    assert float(distance[0, 1]) == pytest.approx(1.0 - 1.0 / math.sqrt(2.0))
    assert float(distance[0, 2]) == pytest.approx(2.0)


def test_coinciding_embeddings_have_a_finite_gradient() -> None:
    embeddings = torch.ones(2, 3, requires_grad=True)
    pairwise(embeddings, "euclidean").sum().backward()
    assert embeddings.grad is not None
    assert torch.isfinite(embeddings.grad).all()
