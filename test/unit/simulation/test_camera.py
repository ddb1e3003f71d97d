"""The depth camera: clean depth by arithmetic, each fault on its own, views of one part."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.ndimage import maximum_filter, minimum_filter

from srclib_ros.errors import SimulationError
from srclib_ros.geometry.mesh import centred
from srclib_ros.simulation.camera import CameraNoise, Renderer, ViewSampler, partial_view
from srclib_ros.types import Camera

CAMERA = Camera(160, 120, 150.0, 150.0, 79.5, 59.5)
NONE = CameraNoise.none()
SQUARE = np.array([(-1.0, -1.0, 0.0), (1.0, -1.0, 0.0), (1.0, 1.0, 0.0), (-1.0, 1.0, 0.0)])
SQUARE_FACES = np.array([(0, 1, 2), (0, 2, 3)], np.int32)


def at(z, scale=1.0, tilt=0.0):
    T = np.eye(4)
    c, s = np.cos(tilt), np.sin(tilt)
    T[:3, :3] = scale * np.array([(c, 0.0, s), (0.0, 1.0, 0.0), (-s, 0.0, c)])
    T[2, 3] = z
    return T


def wall(z=0.8, **faults):
    """A wall that fills the image, filmed with the named faults alone."""
    renderer = Renderer([(SQUARE, SQUARE_FACES)], [at(z)])
    return renderer.capture(CAMERA, np.eye(4), dataclasses.replace(NONE, **faults), np.random.default_rng(0))


def step(**faults):
    """A small square at 0.6 m in front of a wall at 0.8 m."""
    renderer = Renderer([(SQUARE, SQUARE_FACES)] * 2, [at(0.8), at(0.6, scale=0.1)])
    return renderer.capture(CAMERA, np.eye(4), dataclasses.replace(NONE, **faults), np.random.default_rng(0))


@pytest.fixture(scope="module")
def brick():
    corners = np.array([(x, y, z) for x in (0.0, 0.02) for y in (0.0, 0.03) for z in (0.0, 0.06)])
    faces = [(0, 1, 3), (0, 3, 2), (4, 6, 7), (4, 7, 5), (0, 4, 5), (0, 5, 1), (2, 3, 7), (2, 7, 6), (0, 2, 6),
             (0, 6, 4), (1, 5, 7), (1, 7, 3)]  # fmt: skip
    return centred("brick", "", corners, faces)


def test_depth_is_measured_along_the_optical_axis():
    depth = wall(0.8)
    assert depth.depth_m == pytest.approx(0.8, abs=1e-5)
    assert (depth.ids == 1).all()


def test_nearer_meshes_hide_farther_ones_and_ids_are_one_based():
    depth = step()
    assert set(np.unique(depth.ids)) == {1, 2}
    assert depth.depth_m[depth.ids == 2] == pytest.approx(0.6, abs=1e-5)
    assert np.count_nonzero(depth.ids == 2) == pytest.approx((150.0 * 0.2 / 0.6) ** 2, rel=0.05)


def test_nothing_in_view_is_zero_depth_and_no_id():
    depth = Renderer([(SQUARE, SQUARE_FACES)], [at(-1.0)]).capture(CAMERA, np.eye(4), NONE, np.random.default_rng(0))
    assert not depth.depth_m.any()
    assert not depth.ids.any()


@pytest.mark.parametrize("correlation", [0.0, 1.5])
def test_axial_error_has_the_stated_deviation_and_grows_with_depth_squared(correlation):
    near, far = (wall(z, axial_m_at_1m=0.002, correlation_px=correlation) for z in (0.4, 0.8))
    assert (near.depth_m - near.clean_depth_m).std() == pytest.approx(0.002 * 0.16, rel=0.1)
    assert (far.depth_m - far.clean_depth_m).std() == pytest.approx(0.002 * 0.64, rel=0.1)


def test_correlated_errors_of_neighbours_are_alike():
    def likeness(correlation):
        depth = wall(axial_m_at_1m=0.002, correlation_px=correlation)
        error = depth.depth_m - depth.clean_depth_m
        return np.corrcoef(error[:, 1:].ravel(), error[:, :-1].ravel())[0, 1]

    assert abs(likeness(0.0)) < 0.05
    assert likeness(1.5) > 0.7


def test_quantisation_leaves_whole_steps():
    steps = wall(0.8003, quantisation_m=0.001).depth_m / 0.001
    assert steps == pytest.approx(np.rint(steps), abs=1e-3)


def test_edges_drop_out_and_the_rest_stays():
    depth = step(edge_dropout=0.5)
    lost = depth.depth_m == 0.0
    beside = maximum_filter(depth.ids, 5) != minimum_filter(depth.ids, 5)
    assert lost.any()
    assert not (lost & ~beside).any()


def test_the_second_eye_on_the_right_leaves_a_shadow_on_the_left():
    depth = step(baseline_m=0.06)
    rows, columns = np.nonzero(depth.depth_m == 0.0)
    square = np.nonzero(depth.ids == 2)
    assert len(columns)
    assert columns.max() < square[1].min()
    # the wall's strip seen past the edge by one eye alone: f b (1/0.6 - 1/0.8)
    middle = np.count_nonzero(rows == 60)
    assert middle == pytest.approx(150.0 * 0.06 * (1.0 / 0.6 - 1.0 / 0.8), abs=1.5)


def test_grazing_surfaces_return_nothing():
    noise = dataclasses.replace(NONE, grazing_dropout_rad=0.2)
    views = [
        Renderer([(SQUARE, SQUARE_FACES)], [at(2.0, tilt=tilt)]).capture(
            CAMERA, np.eye(4), noise, np.random.default_rng(0)
        )
        for tilt in (0.0, np.pi / 2 - 0.01)
    ]
    assert (views[0].depth_m[views[0].ids == 1] > 0.0).all()
    assert not views[1].depth_m.any()


def test_without_faults_the_measured_depth_is_the_clean_one():
    depth = step()
    assert np.array_equal(depth.depth_m, depth.clean_depth_m)


def test_views_lie_on_the_part_and_span_enough_pixels(brick):
    sampler, rng = ViewSampler(brick), np.random.default_rng(0)
    for _ in range(20):
        depth, camera, T_camera_object = sampler.capture(rng, pixels=64, noise=NONE)
        assert camera.fx_px * brick.diameter_m / T_camera_object[2, 3] >= 64 - 1e-6
        assert not depth.ids[[0, -1]].any()
        assert not depth.ids[:, [0, -1]].any()
        points = sampler.cloud(rng, pixels=64, noise=NONE)[:, :3]
        assert points.dtype == np.float32
        assert np.ptp(points, axis=0).max() <= brick.diameter_m + 1e-6


def test_clean_view_brought_into_the_object_frame_lies_on_the_surface(brick):
    depth, camera, T_camera_object = ViewSampler(brick).capture(np.random.default_rng(1), noise=NONE)
    rows, columns = np.nonzero(depth.depth_m)
    z = depth.depth_m[rows, columns]
    points = np.stack([(columns - camera.cx_px) / camera.fx_px * z, (rows - camera.cy_px) / camera.fy_px * z, z], 1)
    local = np.abs((points - T_camera_object[:3, 3]) @ T_camera_object[:3, :3])
    assert np.abs(local - brick.extents_m / 2.0).min(axis=1).max() < 1e-5


def test_directions_are_uniform(brick):
    sampler, rng = ViewSampler(brick), np.random.default_rng(2)
    axes = np.array([sampler.capture(rng, pixels=16, noise=NONE)[2][2, :3] for _ in range(300)])
    assert np.abs(axes.mean(axis=0)).max() < 0.12
    assert (axes**2).mean(axis=0) == pytest.approx(np.full(3, 1.0 / 3.0), abs=0.07)


def test_the_same_seed_gives_the_same_view(brick):
    first, second = (partial_view(brick, np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(first, second, equal_nan=True)


def test_a_camera_that_sees_nothing_says_so(brick):
    blind = dataclasses.replace(NONE, grazing_dropout_rad=np.pi / 2)
    with pytest.raises(SimulationError, match="weaken"):
        ViewSampler(brick).cloud(np.random.default_rng(0), pixels=8, noise=blind)
