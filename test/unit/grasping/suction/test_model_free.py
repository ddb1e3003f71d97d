"""The suction planner on shapes whose good places anyone can see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from support.height_field_scenes import Heights, block, grid, lying_cylinder, ring, scene_of, turned
from support.ranked import ranked

from srclib_ros.config import GraspConfig
from srclib_ros.geometry.grasp_frame import tilt_rad
from srclib_ros.grasping.gripper import as_cup, load_gripper
from srclib_ros.grasping.planners import planners
from srclib_ros.grasping.suction.model_free import suction_grasps
from srclib_ros.types import Grasp, Scene

CUP = as_cup(load_gripper("suction"), "this test")
CONFIG = GraspConfig(gripper="suction")
AT = (0.02, 0.01)
PLATE_M = (0.07, 0.05, 0.01)


def lying(height: Heights) -> Scene:
    x, y = grid()
    return scene_of(x, y, [height])


def local() -> tuple[Heights, Heights]:
    return turned(*grid(), AT, 0.3)


def offered(scene: Scene, config: GraspConfig = CONFIG) -> tuple[Grasp, ...]:
    grasps, _ = ranked(suction_grasps(scene, scene.segments[0], CUP, config), scene, CUP, config)
    return grasps


def from_centre(grasp: Grasp) -> np.ndarray:
    d = grasp.T_bin_tcp[:2, 3] - AT
    return np.array((d @ (np.cos(0.3), np.sin(0.3)), d @ (-np.sin(0.3), np.cos(0.3))))


def test_a_plate_is_taken_in_the_middle() -> None:
    found = offered(lying(block(*local(), PLATE_M)))
    best = found[0]
    assert np.linalg.norm(from_centre(best)) < 0.008
    assert best.T_bin_tcp[2, 3] == pytest.approx(0.01, abs=5e-4)
    assert best.quality > 0.8
    assert (best.width_m, best.gripper, best.source) == (0.0, "suction", None)
    for grasp in found:
        assert (np.abs(from_centre(grasp)) < (0.025, 0.015)).all()
        assert tilt_rad(grasp.T_bin_tcp) < 0.02


def test_best_first_within_the_limits_and_the_same_again() -> None:
    scene = lying(block(*local(), PLATE_M))
    one, two = (suction_grasps(scene, scene.segments[0], CUP, CONFIG) for _ in range(2))
    assert [g.quality for g in one] == sorted((g.quality for g in one), reverse=True)
    assert all(0 < g.quality <= 1 for g in one)
    assert all(np.array_equal(a.T_bin_tcp, b.T_bin_tcp) for a, b in zip(one, two, strict=True))


def test_a_hole_is_kept_clear_of() -> None:
    """6 mm wide, in the middle: the lip stands wholly beside it."""
    x, y = local()
    plate = np.where(np.hypot(x, y) < 0.003, 0.0, block(x, y, (0.09, 0.06, 0.01)))
    found = offered(lying(plate))
    assert found
    assert min(np.linalg.norm(from_centre(grasp)) for grasp in found) > CUP.radius_m + 0.003


@pytest.mark.parametrize(
    "shape",
    [
        lambda x, y: block(x, y, (0.09, 0.016, 0.02)),
        lambda x, y: ring(x, y, 0.012, 0.026, 0.015),
        lambda x, y: lying_cylinder(x, y, 0.02, 0.09),
    ],
    ids=["a narrow bar", "a narrow ring", "a narrow cylinder"],
)
def test_nothing_seals(shape: Callable[[Heights, Heights], Heights]) -> None:
    assert offered(lying(shape(*local()))) == ()


def test_a_step_is_kept_clear_of() -> None:
    x, y = local()
    found = offered(lying(np.where(x > 0.0, 1.4, 1.0) * block(x, y, (0.09, 0.06, 0.01))))
    assert found
    assert all(abs(from_centre(grasp)[0]) > CUP.radius_m for grasp in found)


def test_a_slope_is_taken_square_to_it_as_far_as_the_tilt_allows() -> None:
    x, y = grid()
    inside = (np.abs(x) < 0.04) & (np.abs(y) < 0.03)
    scene = lying(np.where(inside, 0.04 + 0.4 * x, 0.0))
    scene.segments[0].normals_bin[:] = np.float32((-0.4, 0, 1)) / np.float32(np.sqrt(1.16))
    best = offered(scene)[0]
    assert tilt_rad(best.T_bin_tcp) == pytest.approx(np.arctan(0.4), abs=0.02)
    assert offered(scene, replace(CONFIG, max_tilt_rad=0.3)) == ()


def test_what_is_not_seen_is_no_surface() -> None:
    """The middle third of the plate returned nothing."""
    x, y = local()
    scene = lying(block(x, y, (0.09, 0.03, 0.01)))
    part = scene.segments[0]
    lost = np.abs(x.ravel()[part.indices]) < 0.015
    scene.points_bin.reshape(-1, 3)[part.indices[lost]] = np.nan
    scene.labels.reshape(-1)[part.indices[lost]] = 0
    scene.inside.reshape(-1)[part.indices[lost]] = False
    kept = replace(
        part,
        indices=part.indices[~lost],
        points_bin=part.points_bin[~lost],
        normals_bin=part.normals_bin[~lost],
    )
    found = suction_grasps(replace(scene, segments=(kept,)), kept, CUP, CONFIG)
    assert found
    assert all(abs(from_centre(grasp)[0]) > 0.015 + CUP.radius_m for grasp in found)


def test_a_heavy_part_is_not_lifted() -> None:
    scene = lying(block(*local(), (0.08, 0.05, 0.03)))
    assert offered(scene)
    assert offered(scene, replace(CONFIG, part_density_kg_m3=25_000.0)) == ()


def test_a_segment_that_may_be_a_piece_is_worth_less() -> None:
    scene = lying(block(*local(), PLATE_M))
    whole, half = (
        suction_grasps(scene, replace(scene.segments[0], completeness=c), CUP, CONFIG)[0].quality for c in (1.0, 0.0)
    )
    assert half < 0.5 * whole


def test_noise_of_the_sensor_is_no_unevenness() -> None:
    x, y = local()
    rng = np.random.default_rng(0)
    plate = block(x, y, PLATE_M)
    plate[plate > 0] += rng.normal(0.0, 0.0005, int((plate > 0).sum()))
    best = offered(lying(plate))[0]
    assert best.quality > 0.5
    assert np.linalg.norm(from_centre(best)) < 0.01


def test_an_unorganised_cloud_and_one_without_normals() -> None:
    scene = lying(block(*local(), PLATE_M))
    flat = replace(
        scene,
        cloud=replace(scene.cloud, xyz=scene.cloud.xyz.reshape(-1, 3)),
        points_bin=scene.points_bin.reshape(-1, 3),
        normals_bin=scene.normals_bin.reshape(-1, 3),
        labels=scene.labels.ravel(),
        inside=scene.inside.ravel(),
    )
    one, other = (suction_grasps(s, s.segments[0], CUP, CONFIG) for s in (scene, flat))
    assert len(one) == len(other) > 0
    np.testing.assert_allclose(one[0].T_bin_tcp, other[0].T_bin_tcp, atol=1e-6)
    blind = replace(scene.segments[0], normals_bin=np.full_like(scene.segments[0].normals_bin, np.nan))
    assert suction_grasps(scene, blind, CUP, CONFIG) == []


def test_the_kind_of_gripper_picks_the_planner() -> None:
    scene = lying(block(*local(), (0.05, 0.03, 0.02)))
    for name, tries in (("suction", 1), ("jaw", 2)):
        found = planners(load_gripper(name), CONFIG)
        assert len(found) == tries
        assert {grasp.gripper for grasp in found[0](scene, scene.segments[0])} == {name}


def test_points_lost_beside_the_lip_keep_it_away() -> None:
    """4 mm of the plate returned nothing, all the way across."""
    x, y = local()
    scene = lying(block(x, y, (0.09, 0.05, 0.01)))
    part = scene.segments[0]
    lost = np.abs(x.ravel()[part.indices]) < 0.002
    scene.labels.reshape(-1)[part.indices[lost]] = 0
    scene.inside.reshape(-1)[part.indices[lost]] = False
    kept = replace(
        part, indices=part.indices[~lost], points_bin=part.points_bin[~lost], normals_bin=part.normals_bin[~lost]
    )
    found = suction_grasps(replace(scene, segments=(kept,)), kept, CUP, CONFIG)
    assert found
    assert all(abs(from_centre(grasp)[0]) > 0.002 + CUP.radius_m for grasp in found)


def test_a_part_under_others_is_worth_less() -> None:
    """A higher wall along one of its long sides."""
    x, y = grid()
    plate = block(*turned(x, y, (0.0, 0.0), 0.0), PLATE_M)
    wall = block(*turned(x, y, (0.0, 0.055), 0.0), (0.2, 0.06, 0.014))
    alone, beside = (scene_of(x, y, parts) for parts in ([plate], [plate, wall]))
    free, deep = (suction_grasps(scene, scene.segments[0], CUP, CONFIG)[0].quality for scene in (alone, beside))
    assert 0.2 * free < deep < 0.8 * free
