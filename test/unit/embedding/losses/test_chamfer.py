"""Distances between clouds worked out by hand."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from srclib_ros.embedding.losses.chamfer import chamfer


def on_a_line(*x: float) -> torch.Tensor:
    return torch.tensor([[[value, 0.0, 0.0] for value in x]])


def test_by_hand() -> None:
    """{0, 1} to {0, 3}: 0 and 1 away, squared mean 1/2; back: 0 and 2 away, squared mean 4/2."""
    assert float(chamfer(on_a_line(0, 1), on_a_line(0, 3))) == pytest.approx(0.5 + 2.0)


def test_other_counts_and_orders_of_the_same_points_are_no_distance() -> None:
    assert float(chamfer(on_a_line(0, 1, 2), on_a_line(2, 0, 0, 1))) == pytest.approx(0.0)
