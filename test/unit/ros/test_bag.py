from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import PointCloud2

from srclib_ros.errors import CaptureError
from srclib_ros.ros.bag import STORAGES, is_bag, read_clouds, read_raw, write_bag
from srclib_ros.ros.convert import cloud_from_message
from srclib_ros.types import Cloud


def clouds(rng: np.random.Generator) -> list[Cloud]:
    shapes = [(4, 6, 3), (24, 3), (3, 8, 3)]
    return [
        Cloud(rng.uniform(1, 2, shape).astype(np.float32), "camera", 10**18 + 10**8 * index)
        for index, shape in enumerate(shapes)
    ]


@pytest.mark.parametrize("storage", STORAGES)
def test_what_is_written_is_read(tmp_path: Path, storage: str, rng: np.random.Generator) -> None:
    written = clouds(rng)
    bag = tmp_path / "deep" / "bag"
    assert write_bag(bag, written, storage=storage) == 3
    assert is_bag(bag)
    for before, after in zip(written, read_clouds(bag), strict=True):
        np.testing.assert_array_equal(after.xyz, before.xyz)
        assert (after.frame_id, after.stamp_ns) == (before.frame_id, before.stamp_ns)
    assert [stamp for stamp, _ in read_raw(bag, "points")] == [cloud.stamp_ns for cloud in written]


def test_rclpy_reads_the_same_bytes(tmp_path: Path, rng: np.random.Generator) -> None:
    written = clouds(rng)
    write_bag(tmp_path / "bag", written)
    for before, (_, data) in zip(written, read_raw(tmp_path / "bag"), strict=True):
        after = cloud_from_message(deserialize_message(data, PointCloud2), 1000)
        np.testing.assert_array_equal(after.xyz, before.xyz)


def test_one_file_of_a_bag_serves_too(tmp_path: Path, rng: np.random.Generator) -> None:
    write_bag(tmp_path / "bag", clouds(rng))
    file = next((tmp_path / "bag").glob("*.mcap"))
    assert is_bag(file) and len(list(read_raw(file))) == 3


def test_a_bag_is_never_overwritten(tmp_path: Path, rng: np.random.Generator) -> None:
    with pytest.raises(CaptureError, match="exists already"):
        write_bag(tmp_path, clouds(rng))


def test_an_unknown_storage_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="mcap, sqlite3"):
        write_bag(tmp_path / "bag", [], storage="zip")


def test_an_unknown_topic_names_the_known_ones(tmp_path: Path, rng: np.random.Generator) -> None:
    write_bag(tmp_path / "bag", clouds(rng), topic="camera/points")
    with pytest.raises(CaptureError, match="it has /camera/points"):
        list(read_raw(tmp_path / "bag", "/points"))


@pytest.mark.parametrize("storage", STORAGES)
def test_half_a_bag_is_refused(tmp_path: Path, storage: str, rng: np.random.Generator) -> None:
    bag = tmp_path / "bag"
    write_bag(bag, clouds(rng), storage=storage)
    file = next(path for path in bag.iterdir() if path.suffix in (".mcap", ".db3"))
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(CaptureError, match="not a whole rosbag2"):
        list(read_raw(bag))


def test_no_bag_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="no rosbag2"):
        list(read_raw(tmp_path))
