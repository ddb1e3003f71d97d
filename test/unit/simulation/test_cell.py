"""Filmed bins: what the camera sees agrees with where the parts are."""

from __future__ import annotations

import numpy as np
import pytest

from srclib_ros.geometry.transforms import apply, invert, look_at
from srclib_ros.simulation.camera import CameraNoise
from srclib_ros.simulation.cell import bin_mesh, film, hang_camera
from srclib_ros.simulation.parts import generate_parts
from srclib_ros.types import Camera

CAMERA = Camera(320, 240, 300.0, 300.0, 159.5, 119.5)
ABOVE = look_at((0.0, 0.0, 0.7), (0.0, 0.0, 0.0), up=(0.0, 1.0, 0.0))


@pytest.fixture(scope="module")
def nut():
    return next(part for part in generate_parts() if part.name == "hex_nut_m24")


def at(x, y, z):
    T = np.eye(4)
    T[:3, 3] = x, y, z
    return T


def filmed(placed, **options):
    options = {"noise": CameraNoise.none(), "T_bin_camera": ABOVE} | options
    return film(placed, camera=CAMERA, rng=np.random.default_rng(0), **options)


def test_the_cloud_of_a_part_lies_where_the_part_is(nut):
    height = nut.extents_m[2]
    scene = filmed([(nut, at(0.05, -0.03, height / 2.0))])
    points = apply(invert(scene.bin.T_cloud_bin), scene.cloud.xyz[scene.instance_ids == 1].astype(np.float64))
    assert points[:, 2].max() == pytest.approx(height, abs=1e-4)
    middle = (points.min(axis=0) + points.max(axis=0)) / 2.0
    assert middle[:2] == pytest.approx((0.05, -0.03), abs=0.003)


def test_the_floor_is_at_height_zero_and_is_no_instance(nut):
    scene = filmed([])
    assert not scene.instance_ids.any()
    points = apply(scene.T_bin_camera, scene.cloud.xyz[100:140, 140:180].astype(np.float64))
    assert points[..., 2] == pytest.approx(0.0, abs=1e-4)


def test_a_part_below_another_is_seen_less(nut):
    height = nut.extents_m[2]
    alone = filmed([(nut, at(0.0, 0.0, height / 2.0))])
    stacked = filmed([(nut, at(0.0, 0.0, height / 2.0)), (nut, at(0.012, 0.0, 1.5 * height))])
    assert alone.parts[0].visible_share == pytest.approx(1.0)
    assert stacked.parts[1].visible_share == pytest.approx(1.0)
    assert stacked.parts[0].visible_share < 0.8
    assert [part.instance_id for part in stacked.parts] == [1, 2]


def test_cameras_hang_about_three_quarters_of_a_metre_up_with_a_slight_tilt():
    rng = np.random.default_rng(0)
    poses = [hang_camera(rng) for _ in range(50)]
    heights = np.array([T[2, 3] for T in poses])
    tilts = np.array([np.arccos(-T[2, 2]) for T in poses])
    assert 0.7 < heights.min() < heights.max() < 0.8
    assert 0.02 < tilts.max() < 0.14


def test_the_bin_holds_its_inner_size():
    vertices, faces = bin_mesh((0.3, 0.2, 0.1))
    assert faces.max() == len(vertices) - 1
    for axis, half in ((0, 0.15), (1, 0.1)):
        inner = np.unique(np.abs(vertices[:, axis]).round(6))
        assert np.isclose(inner, half).any()
    assert vertices[:, 2].max() == pytest.approx(0.1)
