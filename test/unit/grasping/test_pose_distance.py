import numpy as np
from scipy.spatial.transform import Rotation

from srclib_ros.geometry.transforms import apply, make_transform
from srclib_ros.grasping.pose_distance import centroids, pose_distances, rotation_errors_rad
from test.support.grasp_parts import bent_plate, boxes, object_model


def _poses(count: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.array([make_transform(R.as_matrix(), rng.uniform(-1, 1, 3)) for R in Rotation.random(count, rng=rng)])


def test_it_is_the_rms_distance_of_matching_surface_points() -> None:
    part = object_model(bent_plate())
    T_a, T_b = _poses(1, 0), _poses(1, 1)
    apart = apply(T_a[0], part.surface_points) - apply(T_b[0], part.surface_points)
    expected = np.sqrt((apart**2).sum(axis=1).mean()) / part.diameter_m
    np.testing.assert_allclose(pose_distances(T_a, T_b, part), [[expected]], rtol=1e-4)


def test_poses_that_look_alike_are_no_distance_apart() -> None:
    half_turns = np.array([np.diag([*d, 1.0]) for d in ((1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1))], np.float64)
    part = object_model(boxes(((0, 0, 0), (0.05, 0.03, 0.01))), symmetry=half_turns)
    part.surface_points[:] -= part.surface_points.mean(axis=0)
    T = _poses(3, 2)
    assert pose_distances(T @ half_turns[2], T, part).diagonal().max() < 1e-3
    assert rotation_errors_rad(T @ half_turns[3], T, part).max() < 1e-6


def test_a_shift_counts_in_diameters_of_the_part_in_the_scene() -> None:
    part = object_model(bent_plate())
    T = _poses(1, 3)
    moved = T.copy()
    moved[0, :3, 3] += [0.0, 2.0 * part.diameter_m, 0.0]
    np.testing.assert_allclose(pose_distances(T, moved, part, scale=2.0), [[1.0]], rtol=1e-5)
    np.testing.assert_allclose(centroids(moved, part) - centroids(T, part), [[0, 2.0 * part.diameter_m, 0]], atol=1e-9)
