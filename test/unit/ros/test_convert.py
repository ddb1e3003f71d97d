from __future__ import annotations

import numpy as np
import pytest
from geometry_msgs.msg import Transform
from sensor_msgs.msg import Image, PointCloud2
from support.ros_messages import camera_info, depth_image, point_cloud

from srclib_ros.errors import CloudFieldError, CloudLayoutError, CloudTooLargeError, EmptyCloudError, TransformError
from srclib_ros.geometry.transforms import make_transform, random_rotation
from srclib_ros.ros.convert import (
    cloud_from_depth,
    cloud_from_message,
    label_colour,
    matrix_to_pose,
    message_from_cloud,
    message_from_scene,
    ns_to_stamp,
    stamp_to_ns,
    transform_to_matrix,
)
from srclib_ros.types import Bin, Cloud, Scene

LIMIT = 10_000


@pytest.mark.parametrize("organised", [True, False])
@pytest.mark.parametrize(
    ("scalar", "offsets", "point_step", "row_padding"),
    [
        ("f4", (0, 4, 8), 12, 0),
        ("f4", (0, 4, 8), 32, 0),
        ("f4", (4, 8, 12), 16, 20),
        ("f4", (8, 4, 0), 16, 0),
        ("f4", (0, 8, 4), 16, 0),
        ("f4", (1, 5, 9), 14, 3),
        ("f8", (0, 8, 16), 24, 0),
        ("f8", (0, 16, 8), 32, 8),
    ],
)
def test_any_layout_gives_the_same_points(
    organised: bool,
    scalar: str,
    offsets: tuple[int, int, int],
    point_step: int,
    row_padding: int,
    rng: np.random.Generator,
) -> None:
    xyz = rng.uniform(-1, 1, (5, 7, 3) if organised else (35, 3)).astype(np.float32)
    xyz[1] = np.nan
    message = point_cloud(xyz, scalar=scalar, offsets=offsets, point_step=point_step, row_padding=row_padding)
    cloud = cloud_from_message(message, LIMIT)
    assert cloud.xyz.dtype == np.float32
    np.testing.assert_array_equal(cloud.xyz, xyz)
    assert cloud.frame_id == "camera" and cloud.stamp_ns == 12_000_000_034


def test_the_usual_layout_is_a_view_into_the_message(rng: np.random.Generator) -> None:
    message = point_cloud(rng.uniform(1, 2, (5, 7, 3)), point_step=32)
    cloud = cloud_from_message(message, LIMIT)
    assert np.shares_memory(cloud.xyz, np.frombuffer(message.data, np.uint8))
    with pytest.raises(ValueError, match="read-only"):
        cloud.xyz[0, 0, 0] = 1.0


def test_every_way_to_say_no_return_becomes_nan(rng: np.random.Generator) -> None:
    xyz = rng.uniform(1, 2, (4, 4, 3)).astype(np.float32)
    xyz[0, 0] = np.inf
    xyz[0, 1] = (0.1, 0.2, -np.inf)
    xyz[0, 2] = 0.0
    xyz[0, 3] = (np.nan, 1.0, 1.0)
    xyz[1, 0] = (0.0, 0.0, 0.7)
    cloud = cloud_from_message(point_cloud(xyz), LIMIT)
    assert np.isnan(cloud.xyz[0]).all()
    np.testing.assert_array_equal(cloud.xyz[1:], xyz[1:])


def _without(message: PointCloud2, name: str) -> PointCloud2:
    message.fields = [field for field in message.fields if field.name != name]
    return message


def _with(message: PointCloud2, **changes: object) -> PointCloud2:
    for name, value in changes.items():
        setattr(message, name, value)
    return message


def good() -> PointCloud2:
    return point_cloud(np.ones((3, 4, 3)) * 0.5)


@pytest.mark.parametrize(
    ("message", "error", "told"),
    [
        (PointCloud2(), EmptyCloudError, "no points"),
        (point_cloud(np.full((3, 4, 3), np.nan)), EmptyCloudError, "none of the 12 points"),
        (point_cloud(np.zeros((3, 4, 3))), EmptyCloudError, "none of the 12 points"),
        (_with(good(), width=10_000_000), CloudTooLargeError, "segmentation.max_points"),
        (_with(good(), fields=[]), CloudFieldError, "no fields"),
        (_without(good(), "z"), CloudFieldError, "no field z"),
        (point_cloud(np.ones((3, 4, 3)), scalar="i2"), CloudFieldError, "FLOAT32"),
        (_with(good(), is_bigendian=True), CloudLayoutError, "big-endian"),
        (_with(good(), row_step=10), CloudLayoutError, "row_step 10"),
        (_with(good(), point_step=8, row_step=32), CloudLayoutError, "do not fit"),
        (_with(good(), point_step=0, row_step=0), CloudLayoutError, "do not fit"),
        (_with(good(), height=4), CloudLayoutError, "192 bytes of data"),
        (_with(good(), row_step=80), CloudLayoutError, "192 bytes of data"),
    ],
)
def test_a_message_that_contradicts_itself_is_named(message: PointCloud2, error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        cloud_from_message(message, LIMIT)


def test_fields_of_several_values_are_refused() -> None:
    message = good()
    message.fields[0].count = 2
    with pytest.raises(CloudFieldError, match="count 1"):
        cloud_from_message(message, LIMIT)


@pytest.mark.parametrize("shape", [(6, 8, 3), (48, 3)])
def test_cloud_to_message_and_back(shape: tuple[int, ...], rng: np.random.Generator) -> None:
    cloud = Cloud(rng.uniform(1, 2, shape).astype(np.float32), "cell", 1_700_000_000_123_456_789)
    message = message_from_cloud(cloud)
    assert message.is_dense and message.row_step * message.height == len(message.data)
    back = cloud_from_message(message, LIMIT)
    np.testing.assert_array_equal(back.xyz, cloud.xyz)
    assert (back.frame_id, back.stamp_ns) == (cloud.frame_id, cloud.stamp_ns)


def test_segments_carry_label_and_colour(rng: np.random.Generator) -> None:
    xyz = rng.uniform(1, 2, (2, 3, 3)).astype(np.float32)
    labels = np.array([[0, 1, 1], [2, 2, 0]], np.int32)
    scene = Scene(Cloud(xyz), Bin(np.eye(4), (1, 1, 1)), xyz, xyz, labels, labels > 0, ())
    message = message_from_scene(scene)
    layout = np.dtype([("x", "f4"), ("y", "f4"), ("z", "f4"), ("rgb", "u4"), ("label", "u4")])
    points = np.frombuffer(message.data, layout).reshape(2, 3)
    np.testing.assert_array_equal(points["label"], labels)
    np.testing.assert_array_equal(points["z"], xyz[..., 2])
    red, green, blue = (round(255 * value) for value in label_colour(1))
    assert points["rgb"][0, 1] == red << 16 | green << 8 | blue
    assert len(np.unique(points["rgb"])) == 3


@pytest.mark.parametrize(("encoding", "scale"), [("32FC1", 1.0), ("16UC1", 1000.0)])
def test_a_depth_image_becomes_points(encoding: str, scale: float) -> None:
    kind = np.float32 if encoding == "32FC1" else np.uint16
    depth = (np.full((4, 6), 0.5) * scale).astype(kind)
    depth[0, 0] = 0
    cloud = cloud_from_depth(depth_image(depth, encoding, padding=4), camera_info(6, 4), LIMIT)
    assert cloud.xyz.shape == (4, 6, 3)
    assert np.isnan(cloud.xyz[0, 0]).all()
    # pixel (5, 3): x = (5 - 3) / 100 * 0.5, y = (3 - 2) / 100 * 0.5
    np.testing.assert_allclose(cloud.xyz[3, 5], (0.01, 0.005, 0.5), atol=1e-6)


def test_depth_of_infinity_or_nan_is_none() -> None:
    depth = np.array([[np.inf, np.nan, 0.5]], np.float32)
    cloud = cloud_from_depth(depth_image(depth, "32FC1"), camera_info(3, 1), LIMIT)
    assert np.isfinite(cloud.xyz[..., 2]).tolist() == [[False, False, True]]


@pytest.mark.parametrize(
    ("image", "info", "error", "told"),
    [
        (Image(), camera_info(0, 0), EmptyCloudError, "no pixels"),
        (depth_image(np.zeros((2, 3), np.float32), "32FC1"), camera_info(3, 2), EmptyCloudError, "covered"),
        (depth_image(np.ones((2, 3), np.float32), "rgb8"), camera_info(3, 2), CloudFieldError, "32FC1"),
        (depth_image(np.ones((2, 3), np.float32), "32FC1"), camera_info(4, 2), CloudLayoutError, "4 x 2"),
        (depth_image(np.ones((2, 3), np.float32), "32FC1"), camera_info(3, 2, 0.0), CloudLayoutError, "calibrate"),
        (depth_image(np.ones((2, 3), np.uint16), "32FC1"), camera_info(3, 2), CloudLayoutError, "12 bytes of data"),
        (depth_image(np.ones((200, 300), np.float32), "32FC1"), camera_info(300, 200), CloudTooLargeError, "60000"),
    ],
)
def test_a_bad_depth_image_is_named(image: object, info: object, error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        cloud_from_depth(image, info, LIMIT)


def test_stamps_keep_every_nanosecond() -> None:
    assert stamp_to_ns(ns_to_stamp(1_700_000_000_999_999_999)) == 1_700_000_000_999_999_999


def test_poses_and_transforms_agree(rng: np.random.Generator) -> None:
    T = make_transform(random_rotation(rng), rng.uniform(-1, 1, 3))
    pose = matrix_to_pose(T)
    transform = Transform(rotation=pose.orientation)
    transform.translation.x, transform.translation.y, transform.translation.z = T[:3, 3].tolist()
    np.testing.assert_allclose(transform_to_matrix(transform), T, atol=1e-12)


def test_a_transform_without_rotation_is_refused() -> None:
    transform = Transform()
    transform.rotation.w = 0.0
    with pytest.raises(TransformError, match="no rigid"):
        transform_to_matrix(transform)
