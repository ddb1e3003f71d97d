"""Rigid transforms as (4, 4) float64 matrices; `T_a_b` maps coordinates in b to coordinates in a."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from srclib_ros.errors import ConfigError
from srclib_ros.types import Matrix


def pose7_to_matrix(pose: Sequence[float] | npt.NDArray[Any]) -> Matrix:
    """(4, 4) from x y z qx qy qz qw (metres; the quaternion need not be normalised).

    Raises ConfigError for another length, a value that is not finite, or a quaternion of length zero.
    """
    values = np.asarray(pose, dtype=np.float64)
    if values.shape != (7,) or not np.isfinite(values).all():
        raise ConfigError(f"pose: expected 7 finite numbers x y z qx qy qz qw, got {list(pose)}")
    length = np.linalg.norm(values[3:])
    if length < 1e-6:
        raise ConfigError("pose: its quaternion has length zero; no rotation is 0 0 0 1")
    x, y, z, w = values[3:] / length
    T = np.eye(4)
    T[:3, :3] = (
        (1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)),
        (2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)),
        (2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)),
    )
    T[:3, 3] = values[:3]
    return T


def matrix_to_pose7(T: Matrix) -> Matrix:
    """(7,) float64 x y z qx qy qz qw with qw >= 0, from a rigid (4, 4)."""
    R = T[:3, :3]
    # Four times the outer product of the quaternion with itself: its longest row is the best conditioned one.
    xx, yy, zz = R[0, 0], R[1, 1], R[2, 2]
    outer = np.array(
        (
            (1 + xx - yy - zz, R[0, 1] + R[1, 0], R[0, 2] + R[2, 0], R[2, 1] - R[1, 2]),
            (R[0, 1] + R[1, 0], 1 - xx + yy - zz, R[1, 2] + R[2, 1], R[0, 2] - R[2, 0]),
            (R[0, 2] + R[2, 0], R[1, 2] + R[2, 1], 1 - xx - yy + zz, R[1, 0] - R[0, 1]),
            (R[2, 1] - R[1, 2], R[0, 2] - R[2, 0], R[1, 0] - R[0, 1], 1 + xx + yy + zz),
        )
    )
    q = outer[np.argmax(np.diagonal(outer))]
    q = q / np.linalg.norm(q)
    return np.concatenate((T[:3, 3], q if q[3] >= 0 else -q))


def make_transform(R: npt.NDArray[Any], t: npt.NDArray[Any] | Sequence[float]) -> Matrix:
    """(4, 4) from a rotation (3, 3) and a translation (3,) in metres."""
    T = np.eye(4)
    T[:3, :3] = R
    T[:3, 3] = t
    return T


def invert(T: Matrix) -> Matrix:
    """Inverse of rigid transforms (..., 4, 4)."""
    inverse = np.zeros_like(T)
    Rt = np.swapaxes(T[..., :3, :3], -1, -2)
    inverse[..., :3, :3] = Rt
    inverse[..., :3, 3] = -(Rt @ T[..., :3, 3, None])[..., 0]
    inverse[..., 3, 3] = 1.0
    return inverse


def apply(T: Matrix, xyz: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Points (..., 3) moved by one rigid (4, 4); shape and float type stay, NaN stays NaN."""
    moved = rotate(T, xyz)
    t = T[:3, 3].astype(xyz.dtype, copy=False)
    if moved.ndim > 2:
        # A row at a time: adding three numbers to each of many points is several times slower.
        moved.reshape(-1, moved.shape[-2] * 3)[...] += np.tile(t, moved.shape[-2])
    else:
        moved += t
    return moved


def rotate(T: Matrix, vectors: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Directions (..., 3) turned by the rotation of one (4, 4) or (3, 3); shape and float type stay."""
    rotated: npt.NDArray[Any] = vectors.reshape(-1, 3) @ T[:3, :3].T.astype(vectors.dtype, copy=False)
    return rotated.reshape(vectors.shape)


def look_at(eye: npt.ArrayLike, target: npt.ArrayLike, up: npt.ArrayLike = (0.0, 0.0, 1.0)) -> Matrix:
    """T_world_camera of a camera at `eye` that looks at `target`: optical frame, z forward, x right, y down.

    Looking along `up`, where the roll is undefined, x stays as near to the world's x as it can.
    Raises ConfigError when eye and target coincide.
    """
    position = np.asarray(eye, dtype=np.float64)
    forward = np.asarray(target, dtype=np.float64) - position
    distance = np.linalg.norm(forward)
    if distance < 1e-9:
        raise ConfigError("look_at: eye and target are the same point; move one of them")
    forward /= distance
    right = np.cross(forward, np.asarray(up, dtype=np.float64))
    if np.linalg.norm(right) < 1e-6:
        right = np.array((1.0, 0.0, 0.0)) - forward[0] * forward
        if np.linalg.norm(right) < 1e-6:
            right = np.array((0.0, 1.0, 0.0))
    right /= np.linalg.norm(right)
    return make_transform(np.column_stack((right, np.cross(forward, right), forward)), position)


def rotation_angle(R: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Angle in radians, 0 to pi, of rotations (..., 3, 3)."""
    trace = np.trace(R, axis1=-2, axis2=-1)
    return np.arccos(np.clip((trace - 1.0) / 2.0, -1.0, 1.0))


def random_rotation(rng: np.random.Generator) -> Matrix:
    """(3, 3) drawn uniformly from SO(3) (Shoemake 1992: a normalised Gaussian quaternion)."""
    return pose7_to_matrix(np.concatenate((np.zeros(3), rng.standard_normal(4))))[:3, :3]


def is_rigid(T: npt.NDArray[Any], tolerance: float = 1e-3) -> bool:
    """Whether T is a finite (4, 4) with a proper rotation and the last row 0 0 0 1."""
    if T.shape != (4, 4) or not np.isfinite(T).all() or not np.allclose(T[3], (0, 0, 0, 1), atol=tolerance):
        return False
    R = T[:3, :3]
    return bool(np.allclose(R @ R.T, np.eye(3), atol=tolerance) and np.linalg.det(R) > 0)
