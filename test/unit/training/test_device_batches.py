"""Batches drawn where the network trains are of the same kind as those that numpy draws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from srclib_ros.embedding.preprocess import AS_GIVEN, PRINCIPAL, canonicalise
from srclib_ros.training.batches import Batches
from srclib_ros.training.device_batches import DeviceBatches, can_draw
from srclib_ros.training.views import ViewSet

PLAIN = Batches(parts=3, views=2, points=40, crop_probability=0.0, jitter=0.0)


@pytest.fixture
def views(rng: np.random.Generator) -> ViewSet:
    """Four views of each of five boxes, one of them far smaller than the others and so not telling."""
    sides = np.repeat(rng.uniform(0.02, 0.08, (5, 3)), 4, axis=0)
    sides[::4] *= 0.1
    points = rng.uniform(-0.5, 0.5, (20, 60, 3)) * sides[:, None] + [0.1, 0.0, 0.6]
    return ViewSet(np.concatenate([points, np.zeros_like(points)], axis=2).astype(np.float32), 4)


def draw(views: ViewSet, batches: Batches, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    batch = DeviceBatches(views, batches, torch.device("cpu")).draw(seed)
    return batch.clouds.numpy(), batch.labels.numpy()


def test_views_of_distinct_shapes_that_tell_them_apart(views: ViewSet) -> None:
    clouds, labels = draw(views, PLAIN)
    assert clouds.shape == (6, 40, 3)
    assert len(set(labels.tolist())) == 3
    np.testing.assert_array_equal(labels[::2], labels[1::2])
    again, _ = draw(views, PLAIN)
    np.testing.assert_array_equal(again, clouds)
    assert np.abs(draw(views, PLAIN, 1)[0] - clouds).max() > 0.01


def test_unspoilt_they_are_the_canonical_clouds(views: ViewSet) -> None:
    """But for the signs of the axes, which the network pools over."""
    clouds, labels = draw(views, replace(PLAIN, points=60))
    for cloud, shape in zip(clouds, labels, strict=True):
        known = canonicalise([views.points[4 * shape + view, :, :3] for view in (1, 2, 3)], 60).points
        sorted_sizes = [np.sort(np.abs(one), axis=0) for one in (cloud, *known)]
        assert min(np.abs(sorted_sizes[0] - other).max() for other in sorted_sizes[1:]) < 1e-4


def test_a_cut_takes_one_side_and_noise_moves_points(views: ViewSet) -> None:
    cut, _ = draw(views, replace(PLAIN, points=60, crop_probability=1.0, max_crop=0.5))
    assert all(len(np.unique(cloud.round(5), axis=0)) <= 60 for cloud in cut)
    assert min(len(np.unique(cloud.round(5), axis=0)) for cloud in cut) < 55
    spoilt, _ = draw(views, replace(PLAIN, points=60, jitter=0.05))
    assert np.isfinite(spoilt).all()
    np.testing.assert_allclose(spoilt.mean(axis=1), 0.0, atol=1e-4)
    np.testing.assert_allclose((spoilt**2).sum(axis=2).mean(axis=1), 1.0, atol=1e-3)


@pytest.mark.parametrize(
    ("batches", "frame", "can"),
    [
        (Batches(), PRINCIPAL, True),
        (Batches(parts=256, views=8, jitter=0.0), PRINCIPAL, True),
        (Batches(grouping="family"), PRINCIPAL, False),
        (Batches(anchor="full"), PRINCIPAL, False),
        (Batches(sampling="views"), PRINCIPAL, False),
        (Batches(repeats=2), PRINCIPAL, False),
        (Batches(), AS_GIVEN, False),
    ],
)
def test_what_it_cannot_draw_numpy_does(batches: Batches, frame: str, can: bool) -> None:
    assert can_draw(batches, frame) is can
