"""Every descriptor: a turned or scaled part looks the same, its size is said apart, and other parts look otherwise."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from support.retrieval_parts import angle_plate

from srclib_ros.cli import evaluate_retrieval
from srclib_ros.geometry.mesh import sample_surface
from srclib_ros.training.descriptors import BASELINES, Describer
from srclib_ros.training.descriptors.describer import thinned_for, unit_histograms
from srclib_ros.training.descriptors.extents import EXTENT_FLOOR_M, log_extents
from srclib_ros.types import FloatArray


def clouds() -> list[FloatArray]:
    rng = np.random.default_rng(0)
    return [sample_surface(angle_plate(foot_m=foot_m), 700, rng)[0] for foot_m in (0.03, 0.09)]


@pytest.fixture(params=BASELINES)
def describer(request: pytest.FixtureRequest) -> Describer:
    return BASELINES[request.param](clouds(), 0)


def test_turning_and_scaling_leave_the_embedding(describer: Describer, rng: np.random.Generator) -> None:
    plate = clouds()[0]
    turned = plate @ Rotation.random(rng=rng).as_matrix().T.astype(np.float32) + np.float32([0.1, -0.2, 0.6])
    found = describer.describe([plate, turned, 2.0 * plate])
    np.testing.assert_allclose(np.linalg.norm(found.embeddings, axis=1), 1.0, atol=1e-5)
    similarity = found.embeddings @ found.embeddings.T
    # the floor below which an extent says nothing is 1 mm, whatever the scale; a PCA sign can hang on rounding
    np.testing.assert_allclose(similarity, 1.0, atol=2e-3)
    assert found.size_m[1] == pytest.approx(found.size_m[0], rel=1e-3)
    assert found.size_m[2] == pytest.approx(2.0 * found.size_m[0], rel=0.05)


def test_another_shape_lies_farther_than_another_sample(describer: Describer) -> None:
    rng = np.random.default_rng(1)
    again = sample_surface(angle_plate(foot_m=0.03), 700, rng)[0]
    plate, again_plate, long = describer.describe([clouds()[0], again, clouds()[1]]).embeddings
    assert 1.0 - plate @ again_plate < 0.5 * (1.0 - plate @ long)


def test_the_same_seed_gives_the_same_descriptor() -> None:
    for make in BASELINES.values():
        one, other = (make(clouds(), 3).describe(clouds()) for _ in range(2))
        np.testing.assert_array_equal(one.embeddings, other.embeddings)


def test_the_command_line_knows_every_baseline() -> None:
    assert list(BASELINES) == list(evaluate_retrieval.BASELINES)


def test_one_minus_the_cosine_is_the_squared_hellinger_distance() -> None:
    """Shares (1, 0) and (1/2, 1/2): 1 - sqrt(1/2)."""
    rows = unit_histograms(np.float32([[4, 0], [3, 3]]))
    assert 1.0 - rows[0] @ rows[1] == pytest.approx(1.0 - np.sqrt(0.5))


def test_extents_of_a_box_are_its_edges_however_it_lies(rng: np.random.Generator) -> None:
    corners = np.array([(i, j, k) for i in (0, 1) for j in (0, 1) for k in (0, 1)]) * [0.01, 0.05, 0.02]
    turn, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    expected = np.log(np.array([0.05, 0.02, 0.01]) + EXTENT_FLOOR_M)
    np.testing.assert_allclose(log_extents([(corners @ turn.T).astype(np.float32)])[0], expected, atol=1e-4)


def test_thinning_takes_points_of_the_cloud_once_each(rng: np.random.Generator) -> None:
    points = rng.standard_normal((50, 3)).astype(np.float32)
    assert thinned_for(points, 80) is points
    assert len(np.unique(thinned_for(points, 20), axis=0)) == 20
