"""What PyPI lacks of a ROS installation: taken from ROS where it is sourced, bridged here where it is not.

The same names serve both ways, so no other file asks which one it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from sensor_msgs.msg import PointField

from srclib_ros.geometry.transforms import make_transform, matrix_to_pose7, pose7_to_matrix

try:
    from sensor_msgs_py.point_cloud2 import dtype_from_fields
except ImportError:
    _FORMATS = {
        PointField.INT8: "i1",
        PointField.UINT8: "u1",
        PointField.INT16: "i2",
        PointField.UINT16: "u2",
        PointField.INT32: "i4",
        PointField.UINT32: "u4",
        PointField.FLOAT32: "f4",
        PointField.FLOAT64: "f8",
    }

    def dtype_from_fields(fields: Iterable[Any], point_step: int | None = None) -> np.dtype[Any]:
        """The structured dtype of point fields, padded to `point_step` bytes."""
        fields = list(fields)
        layout: Any = {
            "names": [field.name for field in fields],
            "formats": [_FORMATS[field.datatype] for field in fields],
            "offsets": [field.offset for field in fields],
        }
        return np.dtype(layout if point_step is None else layout | {"itemsize": point_step})


try:
    from tf_transformations import quaternion_from_matrix, quaternion_matrix
except ImportError:

    def quaternion_from_matrix(matrix: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """x y z w of the rotation in a (4, 4)."""
        return matrix_to_pose7(matrix)[3:]

    def quaternion_matrix(quaternion: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """(4, 4) of a quaternion x y z w."""
        return make_transform(pose7_to_matrix([0.0, 0.0, 0.0, *quaternion])[:3, :3], np.zeros(3))


__all__ = ["dtype_from_fields", "quaternion_from_matrix", "quaternion_matrix"]
