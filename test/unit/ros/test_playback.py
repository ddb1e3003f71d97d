from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import PointCloud2

from srclib_ros.errors import CaptureError, SrclibError
from srclib_ros.ros import playback
from srclib_ros.ros.bag import write_bag
from srclib_ros.ros.convert import cloud_from_message, message_from_cloud, stamp_to_ns
from srclib_ros.ros.playback import frames, recorded_files, restamp
from srclib_ros.types import Cloud


def cloud(rng: np.random.Generator, stamp_ns: int = 10**18) -> Cloud:
    return Cloud(rng.uniform(1, 2, (4, 6, 3)).astype(np.float32), "camera", stamp_ns)


def published(message: PointCloud2 | bytes) -> PointCloud2:
    return deserialize_message(message, PointCloud2) if isinstance(message, bytes) else message


def never(error: SrclibError) -> None:
    raise error


def test_only_the_stamp_changes_in_a_serialised_cloud(rng: np.random.Generator) -> None:
    before = message_from_cloud(cloud(rng))
    after = deserialize_message(restamp(serialize_message(before), 1_700_000_000_000_000_042), PointCloud2)
    assert stamp_to_ns(after.header.stamp) == 1_700_000_000_000_000_042
    before.header.stamp = after.header.stamp
    assert after == before


@pytest.mark.parametrize("frame_id", ["", "another_frame"])
def test_a_bag_plays_with_the_stamps_asked_for(tmp_path: Path, rng: np.random.Generator, frame_id: str) -> None:
    recorded = [cloud(rng, 10**18 + i) for i in range(3)]
    write_bag(tmp_path / "bag", recorded)
    for before, frame in zip(recorded, frames(tmp_path / "bag", "", frame_id, never), strict=True):
        assert frame.time_ns == before.stamp_ns
        kept, now = published(frame.message(None)), None
        assert stamp_to_ns(kept.header.stamp) == before.stamp_ns
        now = published(frame.message(77))
        assert stamp_to_ns(now.header.stamp) == 77
        assert now.header.frame_id == (frame_id or "camera")
        np.testing.assert_array_equal(cloud_from_message(now, 1000).xyz, before.xyz)


def test_a_folder_plays_in_the_order_people_count(tmp_path: Path, rng: np.random.Generator) -> None:
    for index in (10, 2, 1):
        np.savez(tmp_path / f"cloud_{index}.npz", xyz=cloud(rng).xyz)
    assert [path.stem for path in recorded_files(tmp_path)] == ["cloud_1", "cloud_2", "cloud_10"]
    assert [frame.time_ns for frame in frames(tmp_path, "", "", never)] == [None] * 3


def test_a_file_that_cannot_be_read_is_named_and_passed_over(tmp_path: Path, rng: np.random.Generator) -> None:
    (tmp_path / "cloud_1.pcd").write_text("not a cloud")
    np.savez(tmp_path / "cloud_2.npz", xyz=cloud(rng).xyz)
    errors: list[SrclibError] = []
    assert len(list(frames(tmp_path, "", "", errors.append))) == 1
    assert "cloud_1.pcd" in str(errors[0])


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_nothing_to_play_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(CaptureError, match=name):
        list(frames(tmp_path / name, "", "", never))


@pytest.mark.parametrize("size", [0, 1, 11])
def test_a_message_too_short_for_a_stamp_is_named(size: int) -> None:
    with pytest.raises(CaptureError, match=f"{size} bytes"):
        restamp(bytes(size), 10**18)


@pytest.mark.parametrize(("frame_id", "damaged"), [("", b"\0\1\0\0"), ("f", b"\0\1\0\0"), ("f", b"\0\1" + bytes(20))])
def test_a_damaged_message_in_a_bag_is_named_and_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, rng: np.random.Generator, frame_id: str, damaged: bytes
) -> None:
    whole = serialize_message(message_from_cloud(cloud(rng)))
    monkeypatch.setattr(playback, "is_bag", lambda path: True)
    monkeypatch.setattr(playback, "read_raw", lambda path, topic: iter([(1, damaged), (2, whole)]))
    errors: list[SrclibError] = []
    assert [frame.time_ns for frame in frames(tmp_path, "", frame_id, errors.append)] == [2]
    assert [error.name for error in errors] == ["CaptureError"]
