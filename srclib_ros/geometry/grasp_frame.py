"""The one definition of the gripper's axes.

TCP frame: origin midway between the fingertips, z approach (out of the palm, towards the part),
y closing axis, x = y cross z along the fingers' width; right-handed. Of a suction cup the origin is in the
middle of the lip and x and y are free: every turn about the approach is the same grasp.
"""

from __future__ import annotations

import numpy as np

from srclib_ros.types import Matrix

FLIP = np.diag([-1.0, -1.0, 1.0, 1.0])
"""T_tcp_flipped: the half turn about the approach that swaps two equal fingers."""


def tcp_pose(origin: Matrix, approach: Matrix, closing: Matrix) -> Matrix:
    """T (..., 4, 4) of TCP frames from origins, approach and closing directions, each (..., 3).

    `approach` gives z; `closing` is made orthogonal to it and gives y. Neither needs to be unit;
    where they are parallel the result is not finite.
    """
    z = _unit(np.asarray(approach, np.float64))
    closing = np.asarray(closing, np.float64)
    y = _unit(closing - (closing * z).sum(-1, keepdims=True) * z)
    x = np.cross(y, z)
    T = np.zeros((*np.broadcast_shapes(x.shape, np.shape(origin))[:-1], 4, 4))
    T[..., :3, 0], T[..., :3, 1], T[..., :3, 2], T[..., :3, 3] = x, y, z, origin
    T[..., 3, 3] = 1.0
    return T


def pregrasp(T_bin_tcp: Matrix, distance_m: float) -> Matrix:
    """The TCP pose (..., 4, 4) drawn back by `distance_m` against the approach."""
    T = np.array(T_bin_tcp, np.float64)
    T[..., :3, 3] -= distance_m * T[..., :3, 2]
    return T


def flipped(T_bin_tcp: Matrix) -> Matrix:
    """The same grasp with the two fingers swapped: turned by pi about the approach."""
    return np.asarray(T_bin_tcp) @ FLIP


def upright_variant(T_bin_tcp: Matrix) -> Matrix:
    """Of a two-finger grasp and its flip, the one whose closing axis points more along +x of the bin (then +y).

    The two are one and the same grasp; settling on one spares the wrist half turns between picks.
    """
    T = np.asarray(T_bin_tcp, np.float64)
    x, y = T[..., 0, 1], T[..., 1, 1]
    turn = (x < -1e-9) | ((np.abs(x) <= 1e-9) & (y < 0))
    return np.where(turn[..., None, None], T @ FLIP, T)


def least_turned(T_bin_tcp: Matrix) -> Matrix:
    """Of a suction grasp and its turns about the approach, the one whose y is nearest to +x of the bin.

    Nearest to +y where the approach runs along the bin's x.
    """
    T = np.asarray(T_bin_tcp, np.float64)
    along_x = np.abs(T[..., 0, 2:3]) > 0.99
    return tcp_pose(T[..., :3, 3], T[..., :3, 2], np.where(along_x, (0.0, 1.0, 0.0), (1.0, 0.0, 0.0)))


def tilt_rad(T_bin_tcp: Matrix) -> Matrix:
    """Angle (...) between the approach and straight down in the bin frame."""
    return np.arccos(np.clip(-np.asarray(T_bin_tcp)[..., 2, 2], -1.0, 1.0))


def _unit(vectors: Matrix) -> Matrix:
    with np.errstate(invalid="ignore", divide="ignore"):
        return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
