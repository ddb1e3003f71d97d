"""Points in boxes, against asking every point about every box."""

from __future__ import annotations

import numpy as np
import pytest

from srclib_ros.geometry.point_grid import PointGrid, box_distance
from srclib_ros.geometry.transforms import make_transform, random_rotation


@pytest.mark.parametrize("margin_m", [0.0, 0.01])
def test_finds_exactly_what_brute_force_finds(margin_m: float) -> None:
    rng = np.random.default_rng(0)
    points = rng.uniform(-0.1, 0.1, (3000, 3)).astype(np.float32)
    T = np.stack([make_transform(random_rotation(rng), rng.uniform(-0.15, 0.15, 3)) for _ in range(40)])
    low = rng.uniform(-0.05, 0, (40, 3))
    boxes = np.stack([low, low + rng.uniform(0.005, 0.06, (40, 3))], axis=1)
    hits = PointGrid(points).inside(T, boxes, margin_m)
    local = np.einsum("mji,mnj->mni", T[:, :3, :3], points[None] - T[:, None, :3, 3])
    inside = ((local >= boxes[:, None, 0] - margin_m) & (local <= boxes[:, None, 1] + margin_m)).all(axis=2)
    assert set(zip(hits.box.tolist(), hits.point.tolist(), strict=True)) == set(zip(*np.nonzero(inside), strict=True))
    assert (np.diff(hits.box) >= 0).all()
    np.testing.assert_allclose(hits.local, local[hits.box, hits.point], atol=1e-6)


@pytest.mark.parametrize("count", [0, 1])
def test_hardly_any_points(count: int) -> None:
    hits = PointGrid(np.zeros((count, 3), np.float32)).inside(np.eye(4)[None], np.array([[[-1.0] * 3, [1.0] * 3]]))
    assert len(hits.point) == count
    np.testing.assert_array_equal(hits.minimum(hits.local[:, 0], 1, 7.0), [7.0 if count == 0 else 0.0])


def test_a_far_point_does_not_blow_up_the_grid() -> None:
    points = np.array([[0, 0, 0], [5000, 0, 0], [0, 9000, 0]], np.float32)
    hits = PointGrid(points).inside(np.eye(4)[None], np.array([[[-1.0] * 3, [1.0] * 3]]))
    np.testing.assert_array_equal(hits.point, [0])


def test_box_distance_outside_and_inside() -> None:
    box = np.array([[-1.0, -2.0, -3.0], [1.0, 2.0, 3.0]])
    points = np.array([[0, 0, 0], [0.9, 0, 0], [2, 0, 0], [1 + 3, 2 + 4, 0]], np.float32)
    np.testing.assert_allclose(box_distance(points, np.repeat(box[None], 4, axis=0)), (-1, -0.1, 1, 5), atol=1e-6)
