"""The loss of pairs worked out by hand."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from srclib_ros.embedding.losses.contrastive import contrastive


@pytest.mark.parametrize(
    ("distance", "different", "expected"),
    [
        (0.6, 0.0, 0.18),  # alike: 0.6^2 / 2
        (0.6, 1.0, 0.08),  # unlike, within the margin: (1 - 0.6)^2 / 2
        (1.4, 1.0, 0.0),  # unlike, beyond it
        (0.0, 0.0, 0.0),
    ],
)
def test_by_hand(distance: float, different: float, expected: float) -> None:
    loss = contrastive(torch.tensor([distance]), torch.tensor([different]), margin=1.0)
    assert float(loss) == pytest.approx(expected)


def test_the_mean_over_pairs() -> None:
    loss = contrastive(torch.tensor([0.6, 0.6]), torch.tensor([0.0, 1.0]), margin=1.0)
    assert float(loss) == pytest.approx(0.13)


def test_the_gradient_is_squared_not_linear() -> None:
    """d/dD of (m - D)^2 / 2 is -(m - D): a pair near the margin is pushed less than one that coincides."""
    distance = torch.tensor([0.2, 0.9], requires_grad=True)
    contrastive(distance, torch.ones(2), margin=1.0).backward()
    assert distance.grad is not None
    assert distance.grad.tolist() == pytest.approx([-0.8 / 2, -0.1 / 2])
