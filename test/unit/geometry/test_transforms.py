import numpy as np
import pytest

from srclib_ros.errors import ConfigError
from srclib_ros.geometry.transforms import (
    apply,
    invert,
    is_rigid,
    look_at,
    make_transform,
    matrix_to_pose7,
    pose7_to_matrix,
    random_rotation,
    rotation_angle,
)


def test_quarter_turn_about_z_takes_x_to_y() -> None:
    T = pose7_to_matrix((1.0, 2.0, 3.0, 0.0, 0.0, np.sqrt(0.5), np.sqrt(0.5)))
    np.testing.assert_allclose(apply(T, np.array([1.0, 0.0, 0.0])), (1.0, 3.0, 3.0), atol=1e-12)


def test_pose_and_matrix_are_inverse_of_each_other() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        T = make_transform(random_rotation(rng), rng.normal(size=3))
        assert is_rigid(T)
        np.testing.assert_allclose(pose7_to_matrix(matrix_to_pose7(T)), T, atol=1e-12)
        np.testing.assert_allclose(invert(T) @ T, np.eye(4), atol=1e-12)


@pytest.mark.parametrize("axis", [(1, 0, 0), (0, 1, 0), (0, 0, 1)])
def test_half_turns_keep_their_axis(axis: tuple[int, int, int]) -> None:
    T = pose7_to_matrix((0, 0, 0, *axis, 0))
    np.testing.assert_allclose(np.abs(matrix_to_pose7(T)[3:]), (*axis, 0), atol=1e-12)


@pytest.mark.parametrize("pose", [(0, 0, 0, 0, 0, 0, 0), (0, 0, 0), (0, 0, np.nan, 0, 0, 0, 1)])
def test_impossible_poses_are_refused(pose: tuple[float, ...]) -> None:
    with pytest.raises(ConfigError):
        pose7_to_matrix(pose)


def test_apply_keeps_shape_type_and_holes() -> None:
    xyz = np.full((2, 3, 3), np.nan, np.float32)
    xyz[0, 0] = (1, 2, 3)
    moved = apply(make_transform(np.eye(3), (1, 1, 1)), xyz)
    assert moved.dtype == np.float32 and moved.shape == xyz.shape
    np.testing.assert_array_equal(moved[0, 0], (2, 3, 4))
    assert np.isnan(moved[1]).all()


def test_invert_takes_stacks() -> None:
    rng = np.random.default_rng(1)
    T = np.stack([make_transform(random_rotation(rng), rng.normal(size=3)) for _ in range(6)]).reshape(2, 3, 4, 4)
    np.testing.assert_allclose(invert(T) @ T, np.broadcast_to(np.eye(4), T.shape), atol=1e-12)


def test_camera_looking_down_sees_the_target_on_its_axis() -> None:
    for eye in ((0.0, 0.0, 1.0), (0.3, -0.2, 0.8)):
        T_world_camera = look_at(eye, (0.0, 0.0, 0.0))
        assert is_rigid(T_world_camera)
        seen = apply(invert(T_world_camera), np.zeros(3))
        np.testing.assert_allclose(seen, (0.0, 0.0, np.linalg.norm(eye)), atol=1e-12)


def test_rotation_angle_of_known_turns() -> None:
    assert rotation_angle(np.eye(3)) == pytest.approx(0.0)
    assert rotation_angle(np.diag((-1.0, -1.0, 1.0))) == pytest.approx(np.pi)
