"""The transport cost approaches the earth mover's distance, and differs from Chamfer where it must."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

torch = pytest.importorskip("torch")

from srclib_ros.embedding.losses.chamfer import chamfer
from srclib_ros.embedding.losses.sinkhorn import sinkhorn


def test_is_the_optimal_assignments_cost(rng: np.random.Generator) -> None:
    first, second = rng.standard_normal((2, 12, 3))
    squared = ((first[:, None] - second[None]) ** 2).sum(axis=2)
    exact = squared[linear_sum_assignment(squared)].mean()
    found = sinkhorn(torch.from_numpy(first)[None], torch.from_numpy(second)[None], 0.01, 2000)
    assert float(found) == pytest.approx(exact, rel=0.02)


def test_by_hand_mass_must_move_that_chamfer_does_not_see() -> None:
    """{0, 0, 0, 1} to {0, 1, 1, 1}: every point has a neighbour at 0, yet two of four points must move by 1."""
    few, many = (torch.tensor([[[x, 0.0, 0.0] for x in xs]]) for xs in ((0.0, 0, 0, 1), (0.0, 1, 1, 1)))
    assert float(chamfer(few, many)) == pytest.approx(0.0)
    assert float(sinkhorn(few, many, 0.01, 500)) == pytest.approx(0.5, abs=0.01)


def test_descent_moves_one_cloud_onto_the_other(rng: np.random.Generator) -> None:
    target = torch.from_numpy(rng.standard_normal((1, 16, 3)))
    moving = torch.from_numpy(rng.standard_normal((1, 16, 3))).requires_grad_()
    before = float(sinkhorn(moving, target).detach())
    optimiser = torch.optim.Adam([moving], lr=0.05)
    for _ in range(100):
        optimiser.zero_grad()
        sinkhorn(moving, target).sum().backward()
        optimiser.step()
    assert float(sinkhorn(moving, target).detach()) < 0.1 * before
