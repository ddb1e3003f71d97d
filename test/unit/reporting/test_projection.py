from __future__ import annotations

import numpy as np
import pytest

from srclib_ros.library.clustering import Parts

pytest.importorskip("sklearn")

from srclib_ros.reporting.projection import FEWEST_FOR_TSNE, project


def two_heaps(count: int) -> Parts:
    x = np.random.default_rng(0).normal(size=(count, 4))
    x[: count // 2] += 20
    return Parts(Parts(coordinates=x).distance)


def test_a_few_parts_on_a_plane_stay_as_they_lie() -> None:
    lying = np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 4.0]])
    found = project(Parts(Parts(coordinates=lying).distance), seed=0)
    np.testing.assert_allclose(Parts(coordinates=found.xy).distance, Parts(coordinates=lying).distance, atol=1e-9)
    assert "classical scaling" in found.method
    assert found.trustworthiness == found.rank_correlation == pytest.approx(1.0)


def test_heaps_lie_apart_and_the_figures_say_so() -> None:
    found = project(two_heaps(40), seed=0)
    assert found.method.startswith("t-SNE")
    low, high = found.xy[:20], found.xy[20:]
    between = np.linalg.norm(low.mean(axis=0) - high.mean(axis=0))
    assert between > 2 * max(low.std(axis=0).max(), high.std(axis=0).max())
    assert found.trustworthiness is not None
    assert found.trustworthiness > 0.9
    assert found.rank_correlation is not None
    assert found.rank_correlation > 0.5


def test_the_same_seed_gives_the_same_and_the_distances_stay_as_they_were() -> None:
    parts = two_heaps(30)
    before = parts.distance.copy()
    np.testing.assert_array_equal(project(parts, seed=3).xy, project(parts, seed=3).xy)
    np.testing.assert_array_equal(parts.distance, before)
    assert (project(parts, seed=3).xy != project(parts, seed=4).xy).any()


@pytest.mark.parametrize("count", [1, 2, 3, FEWEST_FOR_TSNE - 1, FEWEST_FOR_TSNE])
def test_parts_that_are_all_alike_lie_somewhere(count: int) -> None:
    found = project(Parts(np.zeros((count, count))), seed=0)
    assert found.xy.shape == (count, 2)
    assert np.isfinite(found.xy).all()
