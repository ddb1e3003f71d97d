from dataclasses import replace

import numpy as np
from scipy.spatial.transform import Rotation

from srclib_ros.geometry.height_map import HeightMap, height_map
from srclib_ros.geometry.transforms import make_transform
from srclib_ros.grasping.decode import decode, owners, rotation_from_columns, suppress
from srclib_ros.grasping.network import (
    ERROR,
    FIRST_QUALITY,
    HYPOTHESES,
    OFFSET,
    PRESENCE,
    ROTATION,
    STRIDE,
    Cells,
    network_input,
)
from test.support.grasp_parts import bent_plate, object_model

PART = object_model(bent_plate())
PITCH = PART.diameter_m / 16


def _scene_map() -> HeightMap:
    rng = np.random.default_rng(1)
    points = rng.uniform((-0.1, -0.08, 0.0), (0.1, 0.08, 0.03), (20_000, 3)).astype(np.float32)
    return height_map(points, np.ones(len(points), np.int32), PITCH, (0.2, 0.16))


def _stated(grid: HeightMap, T_bin_object: np.ndarray, cell: tuple[int, int], best: int) -> Cells:
    """Cells of a network that sees one part at one cell, its rotation in hypothesis number `best`."""
    maps, reference = network_input(grid)
    values = np.zeros((FIRST_QUALITY + 3, maps.shape[1] // STRIDE, maps.shape[2] // STRIDE), np.float32)
    values[PRESENCE] = -9.0
    row, column = cell
    values[PRESENCE, row, column] = 9.0
    centre = np.append(grid.origin_bin_xy + (np.array([column, row]) + 0.5) * STRIDE * PITCH, reference[row, column])
    centroid = T_bin_object[:3, :3] @ PART.centroid_m + T_bin_object[:3, 3]
    values[OFFSET, row, column] = (centroid - centre) / PART.diameter_m
    values[ERROR, row, column] = 2.0
    values[ERROR.start + best, row, column] = -4.0
    six = np.concatenate([T_bin_object[:3, 0], T_bin_object[:3, 1]]) * 2.5
    values[ROTATION.start + 6 * best : ROTATION.start + 6 * best + 6, row, column] = six
    values[FIRST_QUALITY + 1, row, column] = 4.0
    return Cells(values, reference)


def test_a_stated_pose_is_read_back() -> None:
    grid = _scene_map()
    T = make_transform(Rotation.from_rotvec([0.3, 1.2, -0.5]).as_matrix(), [0.02, -0.03, 0.025])
    poses = decode(_stated(grid, T, (4, 6), best=2), grid, PART, 0.5)
    assert len(poses) == HYPOTHESES
    np.testing.assert_allclose(poses.T_bin_object[0], T, atol=1e-6)
    assert poses.presence[0] > 0.99 and poses.error[0] < poses.error[1]
    assert poses.grasp_quality[0].argmax() == 1
    assert poses.cell[0].tolist() == [4, 6]


def test_rotations_are_told_in_the_canonical_frame() -> None:
    grid = _scene_map()
    R_canonical_object = Rotation.from_rotvec([0.0, 0.7, 1.1]).as_matrix()
    T = make_transform(Rotation.from_rotvec([0.3, 1.2, -0.5]).as_matrix(), [0.02, -0.03, 0.025])
    poses = decode(_stated(grid, T, (4, 6), best=2), grid, replace(PART, R_canonical_object=R_canonical_object), 0.5)
    np.testing.assert_allclose(poses.T_bin_object[0, :3, :3], T[:3, :3] @ R_canonical_object, atol=1e-6)
    np.testing.assert_allclose(poses.centroid_bin[0], T[:3, :3] @ PART.centroid_m + T[:3, 3], atol=1e-6)


def test_nothing_above_the_threshold_gives_no_pose() -> None:
    grid = _scene_map()
    poses = decode(_stated(grid, np.eye(4), (1, 1), 0), grid, PART, 0.99999)
    assert len(poses) == 0 and poses.T_bin_object.shape == (0, 4, 4) and len(suppress(poses, 0.01, 5)) == 0


def test_rotations_are_proper_and_keep_exact_columns() -> None:
    R = Rotation.random(20, rng=np.random.default_rng(0)).as_matrix()
    six = np.concatenate([R[:, :, 0], 3.0 * R[:, :, 1] + 0.7 * R[:, :, 0]], axis=1)
    np.testing.assert_allclose(rotation_from_columns(six), R, atol=1e-9)


def test_owner_is_the_label_with_most_pixels_and_no_part_only_alone() -> None:
    labels = np.zeros((6, 8), np.int32)
    labels[0:2, 0:4], labels[2, 0:3] = 5, 7
    labels[4:6, 4:8] = 9
    np.testing.assert_array_equal(owners(labels, np.array([[0, 0], [0, 1], [1, 1]])), [5, 0, 9])


def test_suppression_keeps_the_most_confident_of_neighbours() -> None:
    grid = _scene_map()
    T = make_transform(np.eye(3), [0.02, -0.03, 0.02])
    poses = decode(_stated(grid, T, (4, 6), best=1), grid, PART, 0.5, hypotheses=3)
    assert suppress(poses, 0.01, 10).tolist() == [0]
