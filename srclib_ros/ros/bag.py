"""rosbag2 files (mcap or sqlite3) of point clouds, written and read without a ROS installation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from srclib_ros.errors import CaptureError, MissingDependencyError
from srclib_ros.types import Cloud

if TYPE_CHECKING:
    from rosbags.typesys.store import Typestore

CLOUD_TYPE = "sensor_msgs/msg/PointCloud2"
STORAGES = ("mcap", "sqlite3")
BAG_SUFFIXES = (".mcap", ".db3")


def is_bag(path: Path) -> bool:
    """Whether `path` is a rosbag2: its folder with metadata.yaml, or one of the files in it."""
    return (path / "metadata.yaml").is_file() or path.suffix in BAG_SUFFIXES


def write_bag(path: Path, clouds: Iterable[Cloud], topic: str = "points", storage: str = "mcap") -> int:
    """Write clouds as PointCloud2 on one topic, each at the time of its stamp; `ros2 bag play` reads it.

    path: the bag's folder, not there yet. storage: 'mcap' or 'sqlite3'. Returns how many clouds were written.
    Raises CaptureError when the folder exists, MissingDependencyError without rosbags.
    """
    store = _typestore()
    from rosbags.rosbag2 import StoragePlugin, Writer

    if storage not in STORAGES:
        raise CaptureError(f"storage {storage!r} is not one of {', '.join(STORAGES)}")
    if path.exists():
        raise CaptureError(f"{path}: exists already; remove it or name another folder")
    path.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with Writer(path, version=9, storage_plugin=StoragePlugin[storage.upper()]) as writer:
        connection = writer.add_connection("/" + topic.lstrip("/"), CLOUD_TYPE, typestore=store)
        for cloud in clouds:
            writer.write(connection, cloud.stamp_ns, store.serialize_cdr(_message(store, cloud), CLOUD_TYPE))
            written += 1
    return written


def read_raw(path: Path, topic: str = "") -> Iterator[tuple[int, bytes]]:
    """(time in ns, serialised PointCloud2) of every cloud on `topic`, in order; an empty topic means the only one.

    Raises CaptureError, naming the topics there are.
    """
    with _open(path) as reader:
        connections = _cloud_connections(path, reader, topic)
        for _, stamp_ns, data in reader.messages(connections):
            yield stamp_ns, data


def read_clouds(path: Path, topic: str = "", max_points: int = 2_000_000) -> Iterator[Cloud]:
    """The clouds of a bag. Raises CaptureError, and CloudError for a message that contradicts itself."""
    from srclib_ros.ros.convert import cloud_from_message

    store: Any = _typestore()
    for _, data in read_raw(path, topic):
        yield cloud_from_message(store.deserialize_cdr(data, CLOUD_TYPE), max_points)


def _typestore() -> Typestore:
    try:
        from rosbags.typesys import Stores, get_typestore
    except ImportError as error:
        raise MissingDependencyError("rosbags reads and writes bags: pip install 'srclib_ros[bag]'") from error
    return get_typestore(Stores.ROS2_JAZZY)


def _message(store: Typestore, cloud: Cloud) -> Any:
    types = store.types
    xyz = np.ascontiguousarray(cloud.xyz, dtype=np.float32)
    height, width = xyz.shape[:2] if cloud.organised else (1, len(xyz))
    sec, nanosec = divmod(cloud.stamp_ns, 1_000_000_000)
    field: Any = types["sensor_msgs/msg/PointField"]
    return types[CLOUD_TYPE](
        header=types["std_msgs/msg/Header"](
            stamp=types["builtin_interfaces/msg/Time"](sec=sec, nanosec=nanosec), frame_id=cloud.frame_id
        ),
        height=height,
        width=width,
        fields=[field(name=name, offset=4 * i, datatype=field.FLOAT32, count=1) for i, name in enumerate("xyz")],
        is_bigendian=False,
        point_step=12,
        row_step=12 * width,
        data=xyz.reshape(-1).view(np.uint8),
        is_dense=not np.isnan(xyz).any(),
    )


@contextmanager
def _open(path: Path) -> Iterator[Any]:
    _typestore()
    from rosbags.rosbag2 import Reader, ReaderError

    try:
        with Reader(path) as reader:
            yield reader
    except FileNotFoundError as error:
        raise CaptureError(
            f"{path}: no rosbag2 ({error}); a folder without its metadata wants `ros2 bag reindex`"
        ) from error
    except ReaderError as error:
        raise CaptureError(f"{path}: not a whole rosbag2 ({error}); record or write it again") from error


def _cloud_connections(path: Path, reader: Any, topic: str) -> list[Any]:
    clouds = [connection for connection in reader.connections if connection.msgtype == CLOUD_TYPE]
    topics = sorted({connection.topic for connection in clouds})
    wanted = "/" + topic.lstrip("/") if topic else next(iter(topics), "")
    if wanted not in topics:
        raise CaptureError(f"{path}: no PointCloud2 on {wanted or 'any topic'}; it has {', '.join(topics) or 'none'}")
    if not topic and len(topics) > 1:
        raise CaptureError(f"{path}: PointCloud2 on {', '.join(topics)}; name the topic")
    return [connection for connection in clouds if connection.topic == wanted]
