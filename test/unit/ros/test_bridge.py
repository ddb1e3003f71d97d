from __future__ import annotations

import numpy as np
import pytest
from sensor_msgs.msg import PointField

from srclib_ros.geometry.transforms import make_transform, random_rotation
from srclib_ros.ros.bridge import dtype_from_fields, quaternion_from_matrix, quaternion_matrix


def test_a_quaternion_goes_there_and_back(rng: np.random.Generator) -> None:
    T = make_transform(random_rotation(rng), np.zeros(3))
    np.testing.assert_allclose(quaternion_matrix(quaternion_from_matrix(T)), T, atol=1e-12)


def test_half_a_turn_about_z() -> None:
    np.testing.assert_allclose(quaternion_matrix([0, 0, 1, 0])[:3, :3], np.diag((-1.0, -1.0, 1.0)), atol=1e-12)


def test_fields_become_a_dtype_of_the_points_size() -> None:
    fields = [
        PointField(name="x", offset=4, datatype=PointField.FLOAT32, count=1),
        PointField(name="ring", offset=16, datatype=PointField.UINT16, count=1),
    ]
    layout = dtype_from_fields(fields, 24)
    assert layout.itemsize == 24
    assert layout.fields is not None
    assert layout.fields["ring"][:2] == (np.dtype("u2"), 16)
    with pytest.raises(ValueError, match="itemsize"):
        dtype_from_fields(fields, 8)
