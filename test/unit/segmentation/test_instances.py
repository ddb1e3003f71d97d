from dataclasses import replace

import numpy as np
import pytest

from srclib_ros.config import PipelineConfig, SegmentationConfig
from srclib_ros.errors import BinNotFoundError, CloudLayoutError, CloudTooLargeError, EmptyCloudError
from srclib_ros.geometry.transforms import make_transform, random_rotation
from srclib_ros.segmentation.evaluation import match_instances
from srclib_ros.segmentation.instances import pieces_of, segment
from srclib_ros.segmentation.joining import join_pieces, open_joiner
from srclib_ros.types import Bin, Cloud

from .piles import Box, moved, pile

CONFIG = PipelineConfig()
IN_A_BIN = (0.3, 0.2, 0.1)
APART: tuple[Box, ...] = (
    ((-0.10, -0.05, 0.0), (-0.05, 0.00, 0.04)),
    ((-0.02, -0.03, 0.0), (0.03, 0.04, 0.03)),
    ((0.06, -0.06, 0.0), (0.11, 0.05, 0.05)),
)
STACKED: tuple[Box, ...] = (((-0.08, -0.06, 0.0), (0.08, 0.06, 0.03)), ((-0.03, -0.03, 0.03), (0.03, 0.03, 0.07)))


@pytest.mark.parametrize("boxes", [APART, STACKED], ids=["apart", "stacked"])
@pytest.mark.parametrize("noise_m", [0.0, 0.0004])
def test_boxes_are_found_whole(boxes: tuple[Box, ...], noise_m: float) -> None:
    cloud, bin, true = pile(boxes, noise_m=noise_m)
    scene = segment(cloud, bin, CONFIG)
    overlap = match_instances(scene.labels, true)
    assert overlap.predicted == overlap.true == len(boxes)
    assert overlap.iou.min() > 0.8


def test_unorganised_points_are_found_too() -> None:
    cloud, bin, true = pile(APART)
    order = np.random.default_rng(0).permutation(true.size)[: true.size // 2]
    scene = segment(Cloud(cloud.xyz.reshape(-1, 3)[order]), bin, CONFIG)
    overlap = match_instances(scene.labels, true.ravel()[order], min_pixels=100)
    assert overlap.predicted == overlap.true == 3
    assert overlap.iou.min() > 0.8


def test_in_a_bin_each_segment_is_judged_as_a_whole() -> None:
    """As the trees judge its pieces, though a speck was dropped from among them."""
    speck: Box = ((-0.15, -0.10, 0.0), (-0.147, -0.097, 0.02))
    cloud, bin, _ = pile((*APART, speck), IN_A_BIN)
    scene = segment(cloud, bin, CONFIG)
    trees = open_joiner()
    pieces, crop = pieces_of(cloud, bin, CONFIG)
    expected = trees.segments.probability(join_pieces(pieces, trees.pairs, CONFIG.segmentation))
    np.testing.assert_array_equal(scene.labels[crop], pieces.labels)
    found = [part.completeness for part in scene.segments]
    assert len(found) == 3
    assert all(0.5 < value < 1.0 for value in found)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_where_nothing_is_joined_nothing_is_judged() -> None:
    cloud, bin, _ = pile(APART, IN_A_BIN)
    apart = replace(CONFIG, segmentation=replace(CONFIG.segmentation, join_probability=1.0))
    table = Bin(bin.T_cloud_bin, (*bin.size_m[:2], 0.0))
    loose = Cloud(cloud.xyz.reshape(-1, 3))
    for scene in (segment(cloud, bin, apart), segment(cloud, table, CONFIG), segment(loose, bin, CONFIG)):
        assert scene.segments
        assert {part.completeness for part in scene.segments} == {None}


def test_labels_stay_when_cloud_and_bin_move_together(rng: np.random.Generator) -> None:
    cloud, bin, _ = pile(APART, noise_m=0.0003)
    labels = segment(cloud, bin, CONFIG).labels
    for _ in range(3):
        T = make_transform(random_rotation(rng), rng.uniform(-1, 1, 3))
        again = segment(*moved(cloud, bin, T), CONFIG)
        assert (again.labels == labels).mean() > 0.999


def test_the_same_cloud_gives_the_same_labels() -> None:
    cloud, bin, _ = pile(STACKED, noise_m=0.0004)
    np.testing.assert_array_equal(segment(cloud, bin, CONFIG).labels, segment(cloud, bin, CONFIG).labels)


def test_segments_agree_with_labels_and_look_at_the_sensor() -> None:
    cloud, bin, _ = pile(APART)
    scene = segment(cloud, bin, CONFIG)
    assert [part.label for part in scene.segments] == list(range(1, len(scene.segments) + 1))
    for part in scene.segments:
        assert (scene.labels.ravel()[part.indices] == part.label).all()
        np.testing.assert_array_equal(scene.points_bin.reshape(-1, 3)[part.indices], part.points_bin)
        towards = scene.viewpoint_bin - part.points_bin
        known = np.isfinite(part.normals_bin[:, 0])
        assert known.mean() > 0.9
        assert (np.einsum("ij,ij->i", part.normals_bin, towards)[known] > 0).all()
    assert scene.inside[scene.labels > 0].all()


def test_normals_of_a_lid_point_up() -> None:
    cloud, bin, true = pile(STACKED)
    scene = segment(cloud, bin, CONFIG)
    lid = (true == 2) & (scene.points_bin[..., 2] > 0.0695)
    assert np.nanmedian(scene.normals_bin[lid][:, 2]) > 0.999


def test_an_empty_bin_has_no_segments() -> None:
    cloud, bin, _ = pile(())
    scene = segment(cloud, bin, CONFIG)
    assert scene.segments == () and not scene.labels.any() and scene.inside.any()


def test_a_part_beside_the_bin_is_ignored() -> None:
    cloud, bin, true = pile(APART)
    narrow = Bin(bin.T_cloud_bin, (0.10, 0.2, 0.0))
    assert len(segment(cloud, narrow, CONFIG).segments) == 1
    assert len(np.unique(true)) == 4


def test_walls_are_no_parts() -> None:
    wall: Box = ((-0.155, -0.1, 0.0), (-0.148, 0.1, 0.08))
    cloud, bin, _ = pile((*APART, wall), size_m=(0.3, 0.2, 0.08))
    assert len(segment(cloud, bin, CONFIG).segments) == 3


def test_pieces_are_joined_in_a_bin_with_walls_and_only_there() -> None:
    """A step of 25 mm down a block 40 mm wide: one part in two pieces to folds and steps."""
    stepped: tuple[Box, ...] = (((-0.03, -0.02, 0.0), (0.0, 0.02, 0.05)), ((0.0, -0.02, 0.0), (0.03, 0.02, 0.025)))
    never = replace(CONFIG, segmentation=replace(CONFIG.segmentation, join_probability=1.0))
    always = replace(CONFIG, segmentation=replace(CONFIG.segmentation, join_probability=0.05))
    cloud, walled, _ = pile(stepped, size_m=(0.3, 0.2, 0.08))
    assert len(segment(cloud, walled, never).segments) == 2
    assert len(segment(cloud, walled, always).segments) == 1
    cloud, table, _ = pile(stepped)
    assert len(segment(cloud, table, always).segments) == 2


def test_parts_that_lie_apart_stay_apart_in_a_bin_with_walls() -> None:
    cloud, bin, true = pile(APART, size_m=(0.3, 0.2, 0.08))
    assert len(segment(cloud, bin, CONFIG).segments) == len(np.unique(true)) - 1


def test_holes_do_not_matter(rng: np.random.Generator) -> None:
    cloud, bin, true = pile(APART)
    xyz = cloud.xyz.copy()
    xyz[rng.random(true.shape) < 0.03] = np.nan
    xyz[5, 5] = np.inf
    scene = segment(Cloud(xyz), bin, CONFIG)
    overlap = match_instances(scene.labels, np.where(np.isfinite(xyz[..., 0]), true, 0))
    assert overlap.predicted == 3 and overlap.iou.min() > 0.8
    assert not np.isinf(scene.points_bin).any()


@pytest.mark.parametrize("shape", [(0, 3), (0, 0, 3), (4, 0, 3)])
def test_no_points_is_named(shape: tuple[int, ...]) -> None:
    with pytest.raises(EmptyCloudError, match="no points"):
        segment(Cloud(np.zeros(shape, np.float32)), Bin(np.eye(4), (1, 1, 0)), CONFIG)


@pytest.mark.parametrize("shape", [(30, 3), (6, 5, 3)])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_no_finite_point_is_named(shape: tuple[int, ...], value: float) -> None:
    with pytest.raises(EmptyCloudError, match="no finite"):
        segment(Cloud(np.full(shape, value, np.float32)), Bin(np.eye(4), (1, 1, 0)), CONFIG)


def test_wrong_shapes_and_sizes_are_named() -> None:
    bin = Bin(np.eye(4), (1, 1, 0))
    for xyz in (np.zeros((5, 4), np.float32), np.zeros(3, np.float32), np.zeros((5, 3))):
        with pytest.raises(CloudLayoutError, match="float32"):
            segment(Cloud(xyz), bin, CONFIG)
    small = PipelineConfig(segmentation=SegmentationConfig(max_points=1000))
    with pytest.raises(CloudTooLargeError, match="max_points"):
        segment(Cloud(np.zeros((1001, 3), np.float32)), bin, small)


@pytest.mark.parametrize("shape", [(1, 3), (3, 3), (100, 3), (1, 1, 3), (2, 2, 3), (7, 1, 3), (1, 40, 3), (5, 300, 3)])
def test_tiny_and_thin_clouds_pass(shape: tuple[int, ...], rng: np.random.Generator) -> None:
    xyz = rng.uniform(-0.01, 0.1, shape).astype(np.float32)
    scene = segment(Cloud(xyz, viewpoint=np.array((0.0, 0.0, 1.0))), Bin(np.eye(4), (1, 1, 0)), CONFIG)
    assert scene.labels.shape == shape[:-1]


def test_a_bin_that_nothing_lies_in_not_even_its_floor_is_no_empty_bin(rng: np.random.Generator) -> None:
    """As a wrong scale of the depth or a wrong pose of the bin make it; a cell would fetch the next bin."""
    xyz = rng.uniform(-0.1, 0.1, (20, 30, 3)).astype(np.float32) + np.float32((0.0, 0.0, -6.0))
    with pytest.raises(BinNotFoundError, match=r"-6\.\d+ m away: check bin.pose"):
        segment(Cloud(xyz, viewpoint=np.array((0.0, 0.0, 1.0))), Bin(np.eye(4), (1, 1, 0)), CONFIG)


@pytest.mark.parametrize("size_m", [(0.3, 0.2, 0.0), IN_A_BIN])
def test_the_sides_of_a_part_are_its_own_down_to_the_floor(size_m: tuple[float, float, float]) -> None:
    """Of a box aslant below the camera, whose sides step by more than an edge from pixel to pixel; and no floor is."""
    box: Box = ((0.06, 0.02, 0.0), (0.11, 0.07, 0.03))
    cloud, bin, true = pile((box,), size_m, noise_m=0.0003)
    scene = segment(cloud, bin, CONFIG)
    side = (true == 1) & (scene.points_bin[..., 2] > 0.0015) & (scene.points_bin[..., 2] < 0.027)
    assert side.sum() > 100
    assert (scene.labels[side] == 1).mean() > 0.75
    assert (true[scene.labels == 1] == 0).mean() < 0.01


def test_sides_keep_clear_of_the_walls() -> None:
    """Of a box that leans on one."""
    box: Box = ((0.10, -0.03, 0.0), (0.15, 0.03, 0.03))
    cloud, bin, _ = pile((box,), IN_A_BIN, noise_m=0.0003)
    scene = segment(cloud, bin, CONFIG)
    (part,) = scene.segments
    assert part.points_bin[:, 0].max() < IN_A_BIN[0] / 2 - CONFIG.bin.wall_margin_m
