"""Recorded clouds as messages ready to publish, from a rosbag2 or from files."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from rclpy.serialization import deserialize_message
from sensor_msgs.msg import PointCloud2

from srclib_ros.captures.cloud_io import CLOUD_SUFFIXES, load_capture
from srclib_ros.errors import CaptureError, SrclibError
from srclib_ros.ros.bag import is_bag, read_raw
from srclib_ros.ros.convert import message_from_cloud, ns_to_stamp

SCENE_FILE = "scene.json"
_CDR_LITTLE_ENDIAN = 1
_CDR_STAMP_OFFSET = 4
_CDR_STAMP_BYTES = 8


@dataclass(frozen=True)
class Frame:
    """One recorded cloud. time_ns: when it was recorded, None for files that do not say.

    message(stamp_ns): what to publish, serialised or not; None keeps the recorded stamp.
    """

    time_ns: int | None
    message: Callable[[int | None], PointCloud2 | bytes]


def frames(path: Path, topic: str, frame_id: str, on_error: Callable[[SrclibError], None]) -> Iterator[Frame]:
    """The clouds below `path`, in order; a file or message that cannot be read goes to `on_error` and is passed over.

    topic: of a bag, empty for the only one. frame_id: of the published clouds, empty for the recorded one.
    Raises CaptureError when there is nothing to play.
    """
    if is_bag(path):
        for time_ns, data in read_raw(path, topic):
            try:
                yield _frame_from_bag(time_ns, data, frame_id)
            except SrclibError as error:
                on_error(error)
        return
    for file in recorded_files(path):
        try:
            yield _frame_from_file(file, frame_id)
        except SrclibError as error:
            on_error(error)


def recorded_files(path: Path) -> list[Path]:
    """`path` itself when it is a capture, else the captures in that folder, ordered as people count."""
    if not path.exists():
        raise CaptureError(f"{path}: not there; check the path")
    if path.is_file() or (path / SCENE_FILE).is_file():
        return [path]
    found = [item for item in path.iterdir() if item.suffix in CLOUD_SUFFIXES or (item / SCENE_FILE).is_file()]
    if not found:
        raise CaptureError(f"{path}: holds no rosbag2, no scene folder and no {', '.join(CLOUD_SUFFIXES)} file")
    return sorted(found, key=_counting_order)


def _counting_order(path: Path) -> list[tuple[int, str]]:
    """cloud_2 before cloud_10."""
    return [(int(piece), "") if piece.isdigit() else (-1, piece) for piece in re.split(r"(\d+)", path.name)]


def _frame_from_bag(time_ns: int, data: bytes, frame_id: str) -> Frame:
    _check_stamped(data)
    if frame_id:
        try:
            message: PointCloud2 = deserialize_message(data, PointCloud2)
        except RuntimeError as error:
            raise CaptureError(f"message at {time_ns} ns: not a whole PointCloud2; record the bag again") from error
        return _frame(time_ns, message, frame_id)
    return Frame(time_ns, lambda stamp_ns: data if stamp_ns is None else restamp(data, stamp_ns))


def _frame_from_file(path: Path, frame_id: str) -> Frame:
    cloud = load_capture(path).cloud
    return _frame(cloud.stamp_ns or None, message_from_cloud(replace(cloud, frame_id=frame_id or cloud.frame_id)), "")


def _frame(time_ns: int | None, message: PointCloud2, frame_id: str) -> Frame:
    message.header.frame_id = frame_id or message.header.frame_id

    def stamped(stamp_ns: int | None) -> PointCloud2:
        if stamp_ns is not None:
            message.header.stamp = ns_to_stamp(stamp_ns)
        return message

    return Frame(time_ns, stamped)


def restamp(data: bytes, stamp_ns: int) -> bytes:
    """A serialised message that begins with a Header, under another stamp; its other bytes are not looked at.

    Raises CaptureError when it is too short to hold a stamp.
    """
    _check_stamped(data)
    stamped = bytearray(data)
    order = "<" if data[1] & _CDR_LITTLE_ENDIAN else ">"
    struct.pack_into(f"{order}iI", stamped, _CDR_STAMP_OFFSET, *divmod(stamp_ns, 1_000_000_000))
    return bytes(stamped)


def _check_stamped(data: bytes) -> None:
    least = _CDR_STAMP_OFFSET + _CDR_STAMP_BYTES
    if len(data) < least:
        raise CaptureError(f"a message of {len(data)} bytes holds no stamp (at least {least}); record the bag again")
