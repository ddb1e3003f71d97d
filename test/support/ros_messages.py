"""PointCloud2 messages built by hand, so that the conversions are not tested with themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sensor_msgs.msg import CameraInfo, Image, PointCloud2, PointField

TYPES = {"f4": PointField.FLOAT32, "f8": PointField.FLOAT64, "u4": PointField.UINT32, "i2": PointField.INT16}


def point_cloud(
    xyz: npt.NDArray[Any],
    *,
    scalar: str = "f4",
    offsets: tuple[int, int, int] = (0, 4, 8),
    point_step: int = 16,
    row_padding: int = 0,
    frame_id: str = "camera",
) -> PointCloud2:
    """xyz: (H, W, 3) or (N, 3), written value by value at the offsets given."""
    grid = xyz if xyz.ndim == 3 else xyz[None]
    height, width = grid.shape[:2]
    row_step = width * point_step + row_padding
    data = np.full((height, row_step), 0xAB, np.uint8)
    size = np.dtype(scalar).itemsize
    for axis, offset in enumerate(offsets):
        values = np.ascontiguousarray(grid[..., axis].astype("<" + scalar)).view(np.uint8).reshape(height, width, size)
        for column in range(width):
            at = column * point_step + offset
            data[:, at : at + size] = values[:, column]
    message = PointCloud2(height=height, width=width, point_step=point_step, row_step=row_step)
    message.header.frame_id = frame_id
    message.header.stamp.sec, message.header.stamp.nanosec = 12, 34
    message.fields = [
        PointField(name=name, offset=offset, datatype=TYPES[scalar], count=1)
        for name, offset in zip("xyz", offsets, strict=True)
    ]
    message.data.frombytes(data.tobytes())
    return message


def depth_image(depth: npt.NDArray[Any], encoding: str, padding: int = 0) -> Image:
    height, width = depth.shape
    rows = np.ascontiguousarray(depth).view(np.uint8).reshape(height, -1)
    data = np.hstack((rows, np.zeros((height, padding), np.uint8)))
    message = Image(height=height, width=width, encoding=encoding, step=data.shape[1])
    message.header.frame_id = "camera"
    message.data.frombytes(data.tobytes())
    return message


def camera_info(width: int, height: int, focal: float = 100.0) -> CameraInfo:
    message = CameraInfo(width=width, height=height)
    message.p = [focal, 0.0, width / 2, 0.0, 0.0, focal, height / 2, 0.0, 0.0, 0.0, 1.0, 0.0]
    return message
