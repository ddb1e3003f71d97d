"""The model-free planner on shapes whose good grasps anyone can see."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from scipy.spatial import cKDTree
from support.height_field_scenes import Heights, block, grid, lying_cylinder, ring, scene_of, turned
from support.ranked import ranked

from srclib_ros.config import GraspConfig
from srclib_ros.geometry.grasp_frame import flipped, tilt_rad
from srclib_ros.grasping.gripper import load_gripper
from srclib_ros.grasping.model_free import Approach, _thin_out, antipodal_grasps
from srclib_ros.types import Grasp, Scene

JAW = load_gripper("jaw")
CONFIG = GraspConfig()
AT = (0.02, 0.01)


def lying(shape: Callable[[Heights, Heights], Heights], angle_rad: float = 0.0) -> Scene:
    x, y = grid()
    return scene_of(x, y, [shape(*turned(x, y, AT, angle_rad))])


def offered(scene: Scene) -> tuple[Grasp, ...]:
    grasps, _ = ranked(antipodal_grasps(scene, scene.segments[0], JAW, CONFIG), scene, JAW, CONFIG)
    return grasps


def closing(grasp: Grasp) -> np.ndarray:
    return grasp.T_bin_tcp[:2, 1]


def from_centre(grasp: Grasp) -> np.ndarray:
    return grasp.T_bin_tcp[:2, 3] - AT


@pytest.mark.parametrize("angle_rad", [0.0, 0.3, 1.2])
def test_a_block_is_held_across_in_its_middle(angle_rad: float) -> None:
    grasps = offered(lying(lambda x, y: block(x, y, (0.12, 0.03, 0.025)), angle_rad))
    best = grasps[0]
    across = np.array((-np.sin(angle_rad), np.cos(angle_rad)))
    assert abs(closing(best) @ across) > np.cos(0.1)
    assert best.width_m == pytest.approx(0.03, abs=0.002)
    assert np.linalg.norm(from_centre(best)) < 0.008
    assert 0 < best.T_bin_tcp[2, 3] < 0.02
    assert best.quality > 0.7


def test_a_lying_cylinder_is_held_below_its_widest() -> None:
    best = offered(lying(lambda x, y: lying_cylinder(x, y, 0.012, 0.12), 0.5))[0]
    assert best.width_m == pytest.approx(0.024, abs=0.002)
    assert best.T_bin_tcp[2, 3] < 0.012
    assert np.linalg.norm(from_centre(best)) < 0.008


def test_a_large_ring_is_held_by_its_rim() -> None:
    grasps = offered(lying(lambda x, y: ring(x, y, 0.045, 0.060, 0.02)))
    assert len(grasps) >= 4
    for grasp in grasps[:4]:
        radius = from_centre(grasp)
        assert np.linalg.norm(radius) == pytest.approx(0.0525, abs=0.002)
        assert abs(closing(grasp) @ radius) / np.linalg.norm(radius) > np.cos(0.15)
        assert grasp.width_m == pytest.approx(0.015, abs=0.002)


def test_a_plate_is_held_by_opposite_edges_or_not_at_all() -> None:
    best = offered(lying(lambda x, y: block(x, y, (0.10, 0.07, 0.008))))[0]
    assert best.width_m == pytest.approx(0.07, abs=0.002)
    assert best.T_bin_tcp[2, 3] < 0.006
    assert offered(lying(lambda x, y: block(x, y, (0.14, 0.12, 0.008)))) == ()


def test_a_neighbour_leaves_the_sides_that_are_free() -> None:
    """A wall of another part along one long side: only the other pair of faces is left."""
    x, y = grid()
    part = block(*turned(x, y, AT, 0.0), (0.05, 0.04, 0.025))
    wall = block(*turned(x, y, (AT[0], AT[1] + 0.03), 0.0), (0.2, 0.02, 0.04))
    scene = scene_of(x, y, [part, wall])
    grasps, _ = ranked(antipodal_grasps(scene, scene.segments[0], JAW, CONFIG), scene, JAW, CONFIG)
    assert grasps
    assert all(abs(closing(grasp)[0]) > 0.9 for grasp in grasps)


def test_grasps_turn_with_the_part() -> None:
    def shape(x: Heights, y: Heights) -> Heights:
        return block(x, y, (0.09, 0.025, 0.02))

    half = np.pi / 2  # a quarter turn: the pixels fall on pixels again
    plain, turned_part = (antipodal_grasps(s, s.segments[0], JAW, CONFIG) for s in (lying(shape), lying(shape, half)))
    R = np.array(((0.0, -1.0), (1.0, 0.0)))
    for one, other in zip(plain[:3], turned_part[:3], strict=True):
        np.testing.assert_allclose(np.linalg.norm(from_centre(one)), np.linalg.norm(from_centre(other)), atol=0.003)
        assert one.width_m == pytest.approx(other.width_m, abs=0.002)
        assert one.quality == pytest.approx(other.quality, abs=0.05)
        assert abs((R @ closing(one)) @ closing(other)) > np.cos(0.1)


def test_a_large_dense_part_has_no_gaps() -> None:
    """More points than the planner looks at: thinned out they still make one surface, held across its narrow side."""
    x, y = grid(pitch_m=0.00025)
    scene = scene_of(x, y, [block(*turned(x, y, AT, 0.0), (0.1499, 0.0599, 0.04))])
    assert len(scene.segments[0].points_bin) > 50_000
    best = offered(scene)[0]
    assert best.width_m == pytest.approx(0.06, abs=0.003)
    assert best.quality > 0.5


def test_thinning_leaves_no_stripes() -> None:
    """600 by 240 pixels in rows: every 24th would be whole columns, 6 mm apart."""
    x, y = np.meshgrid(np.arange(600), np.arange(240))
    pixels = np.column_stack((x.ravel(), y.ravel(), np.zeros(x.size))).astype(np.float32) * np.float32(0.00025)
    kept = _thin_out(pixels, 6_000)
    assert 3_000 < len(kept) <= 6_000
    assert cKDTree(kept).query(pixels)[0].max() < 0.0027


def test_the_same_view_gives_the_same_grasps_within_the_tilt() -> None:
    scene = lying(lambda x, y: block(x, y, (0.06, 0.03, 0.025)), 0.2)
    first, second = (antipodal_grasps(scene, scene.segments[0], JAW, CONFIG) for _ in range(2))
    assert all(np.array_equal(a.T_bin_tcp, b.T_bin_tcp) for a, b in zip(first, second, strict=True))
    assert all(tilt_rad(grasp.T_bin_tcp) <= CONFIG.max_tilt_rad for grasp in first)
    assert all(0 <= grasp.quality <= 1 and grasp.source is None for grasp in first)
    assert [grasp.quality for grasp in first] == sorted((grasp.quality for grasp in first), reverse=True)
    assert all(np.linalg.det(flipped(grasp.T_bin_tcp)[:3, :3]) > 0.99 for grasp in first)


def test_a_sloping_part_is_approached_square_to_it_as_well() -> None:
    x, y = grid()
    u, v = turned(x, y, AT, 0.0)
    inside = (np.abs(u) < 0.04) & (np.abs(v) < 0.012)
    scene = scene_of(x, y, [np.where(inside, 0.05 + 0.5 * u, 0.0)])
    part = scene.segments[0]
    part.normals_bin[:] = np.array((-0.5, 0, 1), np.float32) / np.sqrt(1.25)
    upright, slanted = (
        {round(float(tilt_rad(g.T_bin_tcp)), 2) for g in antipodal_grasps(scene, part, JAW, CONFIG, (approach,))}
        for approach in Approach
    )
    assert upright == {0.0}
    assert round(float(np.arctan(0.5)), 2) in slanted and 0.0 not in slanted


@pytest.mark.parametrize("angle_rad", [0.1, 0.25, 0.6])
def test_the_fingers_turn_to_face_the_edges(angle_rad: float) -> None:
    """A square has no longest extent to start from: the edges themselves give the direction."""
    best = offered(lying(lambda x, y: block(x, y, (0.05, 0.05, 0.03)), angle_rad))[0]
    off = (np.arctan2(closing(best)[1], closing(best)[0]) - angle_rad) % (np.pi / 2)
    assert min(off, np.pi / 2 - off) < 0.06
    assert best.width_m == pytest.approx(0.05, abs=0.002)


def test_scraps_are_not_vouched_for() -> None:
    """The same bar whole, 1.5 pixels thin, and with one pixel in twenty left of it."""
    x, y = grid()
    u, v = turned(x, y, AT, 0.0)
    whole, thin = (block(u, v, (0.06, width, 0.02)) for width in (0.010, 0.0015))
    scraps = np.where(np.random.default_rng(0).random(x.shape) < 0.05, whole, 0.0)
    best = [
        max((grasp.quality for grasp in offered(scene_of(x, y, [shape]))), default=0.0)
        for shape in (whole, thin, scraps)
    ]
    assert best[0] > 0.6
    assert max(best[1:]) < 0.2


def test_a_pad_that_cannot_follow_a_hollow_edge_counts_for_less() -> None:
    """Rims 10 mm wide: the pads' corners lean steeply inside a narrow ring, hardly inside a wide one."""
    scenes = [lying(partial(rim, inner_m)) for inner_m in (0.014, 0.055)]
    best = [
        max(g.quality for g in antipodal_grasps(scene, scene.segments[0], JAW, CONFIG) if g.width_m < 0.015)
        for scene in scenes
    ]
    assert best[0] < 0.7 * best[1]


def rim(inner_m: float, x: Heights, y: Heights) -> Heights:
    return ring(x, y, inner_m, inner_m + 0.010, 0.02)
