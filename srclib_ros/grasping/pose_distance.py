"""How far apart two poses of a part are when poses that look alike count as one (Bregier et al., arXiv 1612.04631)."""

from __future__ import annotations

import numpy as np

from srclib_ros.grasping.object_model import ObjectModel
from srclib_ros.types import Matrix


def pose_distances(T_a: Matrix, T_b: Matrix, part: ObjectModel, scale: float = 1.0) -> Matrix:
    """(N, M) distances between poses (N, 4, 4) and (M, 4, 4), in the part's diameters.

    The root mean square distance between matching surface points of the two posed parts, the best of all matches
    that the symmetry group allows. scale: size of the part in the scene over its size in `part`.
    """
    apart = centroids(T_a, part, scale)[:, None] - centroids(T_b, part, scale)[None]
    turned = T_a[:, None, :3, :3] @ (part.symmetry[:, :3, :3] @ part.inertia)
    products = turned.reshape(-1, 9) @ T_b[:, :3, :3].reshape(-1, 9).T
    agreement = products.reshape(len(T_a), len(part.symmetry), len(T_b)).max(axis=1)
    turn = 2.0 * np.maximum(np.trace(part.inertia) - agreement, 0.0)
    distances: Matrix = np.sqrt((apart**2).sum(axis=2) / (scale * part.diameter_m) ** 2 + turn)
    return distances


def centroids(T_bin_object: Matrix, part: ObjectModel, scale: float = 1.0) -> Matrix:
    """(N, 3) where poses (N, 4, 4) put the centroid of the part's surface, metres."""
    placed: Matrix = T_bin_object[:, :3, :3] @ (scale * part.centroid_m) + T_bin_object[:, :3, 3]
    return placed


def rotation_errors_rad(T_a: Matrix, T_b: Matrix, part: ObjectModel) -> Matrix:
    """(N,) least angle between the rotations of poses (N, 4, 4) each, over the symmetry group."""
    turned = T_a[:, None, :3, :3] @ part.symmetry[None, :, :3, :3]
    trace = np.einsum("ngij,nij->ng", turned, T_b[:, :3, :3]).max(axis=1, initial=-1.0)
    angles: Matrix = np.arccos(np.clip((trace - 1.0) / 2.0, -1.0, 1.0))
    return angles
