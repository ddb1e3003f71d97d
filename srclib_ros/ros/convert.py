"""Messages to clouds and back; every contradiction in a message is a named error."""

from __future__ import annotations

import array
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Point, Pose, Quaternion
from sensor_msgs.msg import CameraInfo, Image, PointCloud2, PointField
from std_msgs.msg import Header

from srclib_ros.errors import CloudFieldError, CloudLayoutError, CloudTooLargeError, EmptyCloudError, TransformError
from srclib_ros.geometry.pinhole import deproject
from srclib_ros.ros.bridge import dtype_from_fields, quaternion_from_matrix, quaternion_matrix
from srclib_ros.types import Camera, Cloud, FloatArray, Matrix, Scene

_XYZ = np.dtype([("x", "<f4"), ("y", "<f4"), ("z", "<f4")])
_XYZ_RGB_LABEL = np.dtype([*_XYZ.descr, ("rgb", "<f4"), ("label", "<u4")])
_DEPTH_ENCODINGS = {"32FC1": ("<f4", 1.0), "16UC1": ("<u2", 1e-3), "mono16": ("<u2", 1e-3)}


def stamp_to_ns(stamp: Time) -> int:
    return int(stamp.sec) * 1_000_000_000 + int(stamp.nanosec)


def ns_to_stamp(stamp_ns: int) -> Time:
    sec, nanosec = divmod(stamp_ns, 1_000_000_000)
    return Time(sec=sec, nanosec=nanosec)


def make_header(frame_id: str, stamp_ns: int) -> Header:
    return Header(frame_id=frame_id, stamp=ns_to_stamp(stamp_ns))


def matrix_to_pose(T: Matrix) -> Pose:
    x, y, z = (float(value) for value in T[:3, 3])
    qx, qy, qz, qw = (float(value) for value in quaternion_from_matrix(T))
    return Pose(position=Point(x=x, y=y, z=z), orientation=Quaternion(x=qx, y=qy, z=qz, w=qw))


def transform_to_matrix(transform: Any) -> Matrix:
    """(4, 4) of a geometry_msgs/Transform. Raises TransformError when its quaternion is no rotation."""
    q, t = transform.rotation, transform.translation
    values = np.array((q.x, q.y, q.z, q.w, t.x, t.y, t.z))
    if not np.isfinite(values).all() or np.linalg.norm(values[:4]) < 1e-6:
        raise TransformError(f"the transform {values.tolist()} (qx qy qz qw x y z) is no rigid one; mend its publisher")
    T = np.array(quaternion_matrix(values[:4] / np.linalg.norm(values[:4])), dtype=np.float64)
    T[:3, 3] = values[4:]
    return T


def cloud_from_message(message: PointCloud2, max_points: int) -> Cloud:
    """The cloud in a PointCloud2, a view into the message's own bytes where their layout allows.

    Fields x, y, z may be float32 or float64 at any offsets, rows may be padded. Points that are not finite in
    every coordinate, and points exactly at the frame's origin (how some drivers say "no return"), come back as NaN.
    Raises EmptyCloudError, CloudTooLargeError, CloudFieldError or CloudLayoutError.
    """
    count = message.width * message.height
    if count == 0:
        raise EmptyCloudError(f"width {message.width} x height {message.height}: the message holds no points")
    if count > max_points:
        raise CloudTooLargeError(
            f"{count} points, at most {max_points} are planned on; crop or downsample, or raise segmentation.max_points"
        )
    offsets, scalar = _xyz_layout(message)
    xyz = _read_xyz(message, offsets, scalar)
    if message.height == 1 or message.width == 1:
        xyz = xyz[0] if message.height == 1 else xyz[:, 0]
    xyz = _only_finite(xyz)
    return Cloud(xyz, frame_id=message.header.frame_id, stamp_ns=stamp_to_ns(message.header.stamp))


def _xyz_layout(message: PointCloud2) -> tuple[tuple[int, int, int], np.dtype[Any]]:
    """Byte offsets of x, y, z in a point and their type, once the message has proved consistent."""
    by_name = {field.name: field for field in message.fields}
    missing = [name for name in "xyz" if name not in by_name]
    if missing:
        raise CloudFieldError(f"no field {', '.join(missing)}; the message has {', '.join(by_name) or 'no fields'}")
    x, y, z = fields = [by_name[name] for name in "xyz"]
    if {field.datatype for field in fields} not in ({PointField.FLOAT32}, {PointField.FLOAT64}):
        types = ", ".join(f"{field.name}: {field.datatype}" for field in fields)
        raise CloudFieldError(f"x, y, z must all be FLOAT32 (7) or all FLOAT64 (8), got {types}")
    if any(field.count > 1 for field in fields):
        raise CloudFieldError("x, y, z must hold one number each (count 1)")
    if message.is_bigendian:
        raise CloudLayoutError("the data is big-endian; publish little-endian (is_bigendian false)")
    try:
        scalar = dtype_from_fields(fields, message.point_step).fields["x"][0].newbyteorder("<")
    except ValueError as error:
        raise CloudLayoutError(f"x, y, z at {x.offset}, {y.offset}, {z.offset} do not fit: {error}") from error
    if message.row_step < message.width * message.point_step:
        raise CloudLayoutError(
            f"row_step {message.row_step} is less than width {message.width} x point_step {message.point_step}"
        )
    if len(message.data) != message.row_step * message.height:
        raise CloudLayoutError(
            f"{len(message.data)} bytes of data, but row_step {message.row_step} x height {message.height} "
            f"= {message.row_step * message.height}"
        )
    return (x.offset, y.offset, z.offset), scalar


def _read_xyz(message: PointCloud2, offsets: tuple[int, int, int], scalar: np.dtype[Any]) -> FloatArray:
    """(H, W, 3) float32."""
    shape, steps = (message.height, message.width), (message.row_step, message.point_step)
    x, y, z = offsets
    if y - x == z - y:
        xyz = np.ndarray((*shape, 3), scalar, buffer=message.data, offset=x, strides=(*steps, y - x))
        if xyz.flags.aligned and scalar == np.float32:
            xyz.flags.writeable = False
            return xyz
        return xyz.astype(np.float32)
    columns = [np.ndarray(shape, scalar, buffer=message.data, offset=offset, strides=steps) for offset in offsets]
    return np.stack(columns, axis=-1, dtype=np.float32, casting="same_kind")


def _only_finite(xyz: FloatArray) -> FloatArray:
    """`xyz` itself when its holes are all NaN already, else a copy in which they are."""
    with np.errstate(all="ignore"):
        total = xyz[..., 0] + xyz[..., 1] + xyz[..., 2]
    hole = ~np.isfinite(total)
    origin = total == 0.0
    if origin.any():
        hole |= origin & (xyz == 0.0).all(axis=-1)
    if hole.all():
        raise EmptyCloudError(f"none of the {hole.size} points is finite; is the sensor covered or the cloud cropped?")
    if not np.isnan(xyz[hole]).all():
        xyz = xyz.copy()
        xyz[hole] = np.nan
    return xyz


def camera_from_message(info: CameraInfo) -> Camera:
    """Intrinsics of the rectified image: P, or K when a driver leaves P empty. Raises CloudLayoutError."""
    fx, cx, fy, cy = (info.p[i] for i in (0, 2, 5, 6)) if info.p[0] else (info.k[i] for i in (0, 2, 4, 5))
    if not (np.isfinite((fx, fy, cx, cy)).all() and fx > 0.0 and fy > 0.0):
        raise CloudLayoutError(f"camera_info has fx {fx}, fy {fy}, cx {cx}, cy {cy}: calibrate the camera")
    return Camera(int(info.width), int(info.height), float(fx), float(fy), float(cx), float(cy))


def cloud_from_depth(image: Image, info: CameraInfo, max_points: int) -> Cloud:
    """The organised cloud of a depth image: 32FC1 in metres or 16UC1 in millimetres (REP 118).

    0, NaN and infinity mean no return. Raises EmptyCloudError, CloudTooLargeError, CloudFieldError or CloudLayoutError.
    """
    count = image.width * image.height
    if count == 0:
        raise EmptyCloudError(f"width {image.width} x height {image.height}: the depth image holds no pixels")
    if count > max_points:
        raise CloudTooLargeError(f"{count} pixels, at most {max_points} are planned on; crop or downsample")
    if image.encoding not in _DEPTH_ENCODINGS:
        known = ", ".join(_DEPTH_ENCODINGS)
        raise CloudFieldError(f"encoding {image.encoding!r} is no depth image; publish one of {known}")
    if image.is_bigendian:
        raise CloudLayoutError("the depth image is big-endian; publish little-endian (is_bigendian 0)")
    scalar, metres = np.dtype(_DEPTH_ENCODINGS[image.encoding][0]), _DEPTH_ENCODINGS[image.encoding][1]
    if image.step < image.width * scalar.itemsize or len(image.data) != image.step * image.height:
        raise CloudLayoutError(
            f"{len(image.data)} bytes of data with step {image.step} do not hold "
            f"{image.width} x {image.height} pixels of {scalar.itemsize} bytes"
        )
    camera = camera_from_message(info)
    if (camera.width_px, camera.height_px) != (image.width, image.height):
        raise CloudLayoutError(
            f"the depth image is {image.width} x {image.height}, its camera_info {camera.width_px} x {camera.height_px}"
        )
    raw = np.ndarray((image.height, image.width), scalar, buffer=image.data, strides=(image.step, scalar.itemsize))
    depth_m = raw.astype(np.float32) * np.float32(metres)
    depth_m[~np.isfinite(depth_m)] = 0.0
    if not (depth_m > 0.0).any():
        raise EmptyCloudError(f"none of the {count} pixels has a depth; is the sensor covered?")
    return Cloud(deproject(depth_m, camera), frame_id=image.header.frame_id, stamp_ns=stamp_to_ns(image.header.stamp))


def message_from_cloud(cloud: Cloud) -> PointCloud2:
    """x, y, z as float32, twelve bytes a point; organised clouds stay so."""
    xyz = np.ascontiguousarray(cloud.xyz, dtype=np.float32)
    return _message(cloud, _XYZ, xyz)


def message_from_scene(scene: Scene) -> PointCloud2:
    """The scene's cloud with `label` (0: no part) and a colour a label in `rgb`."""
    points = np.empty(scene.labels.shape, _XYZ_RGB_LABEL)
    for axis, name in enumerate("xyz"):
        points[name] = scene.cloud.xyz[..., axis]
    points["label"] = scene.labels
    points["rgb"] = _label_colours(int(scene.labels.max(initial=0)))[scene.labels]
    return _message(scene.cloud, _XYZ_RGB_LABEL, points)


def _message(cloud: Cloud, layout: np.dtype[Any], points: npt.NDArray[Any]) -> PointCloud2:
    height, width = cloud.xyz.shape[:2] if cloud.organised else (1, len(cloud.xyz))
    message = PointCloud2(
        header=make_header(cloud.frame_id, cloud.stamp_ns),
        height=height,
        width=width,
        fields=_fields(layout),
        is_bigendian=False,
        point_step=layout.itemsize,
        row_step=layout.itemsize * width,
        is_dense=not np.isnan(cloud.xyz).any(),
    )
    data = array.array("B")
    data.frombytes(points.reshape(-1).view(np.uint8).data)
    message.data = data
    return message


def _fields(layout: np.dtype[Any]) -> list[PointField]:
    types = {"f": PointField.FLOAT32, "u": PointField.UINT32}
    assert layout.fields is not None
    return [
        PointField(name=name, offset=offset, datatype=types[scalar.kind], count=1)
        for name, (scalar, offset, *_) in layout.fields.items()
    ]


def _label_colours(highest: int) -> FloatArray:
    """(highest + 1,) colours 0x00RRGGBB, their bits in a float32 as PCL and RViz read them."""
    return np.array([pack_rgb(label_colour(label)) for label in range(highest + 1)], dtype=np.uint32).view(np.float32)


def label_colour(label: int) -> tuple[float, float, float]:
    """Red, green, blue in [0, 1]: hues one golden ratio apart, grey for label 0."""
    if label == 0:
        return (0.5, 0.5, 0.5)
    hue = label * 0.618034 % 1.0
    red, green, blue = (min(1.0, max(0.15, abs((hue * 6 + shift) % 6 - 3) - 1)) for shift in (0, 4, 2))
    return red, green, blue


def pack_rgb(colour: Sequence[float]) -> int:
    red, green, blue = (round(255 * value) for value in colour)
    return red << 16 | green << 8 | blue
