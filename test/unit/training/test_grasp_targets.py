import numpy as np
import pytest

from srclib_ros.geometry.height_map import height_map
from srclib_ros.grasping.decode import decode
from srclib_ros.grasping.network import ERROR, FIRST_QUALITY, OFFSET, PRESENCE, ROTATION, STRIDE, Cells, network_input
from srclib_ros.grasping.pose_distance import pose_distances
from srclib_ros.training.grasp_targets import make_example, targets
from test.support.grasp_parts import bent_plate, object_model
from test.support.grasp_scenes import BIN_SIZE_M, lying_scene

PART = object_model(bent_plate())


def test_a_network_that_says_the_targets_finds_the_true_poses() -> None:
    scene = lying_scene(0)
    grid = height_map(scene.points_bin, scene.owner, PART.diameter_m / 16, BIN_SIZE_M[:2])
    example = targets(grid, scene, scene.T_bin_object, PART)
    maps, reference = network_input(grid)
    values = np.zeros((FIRST_QUALITY + 3, *reference.shape), np.float32)
    values[PRESENCE] = np.where(example.presence > 0, 9.0, -9.0)
    row, column = example.cell.T
    values[OFFSET, row, column] = example.offset.T
    values[ERROR.start + 1 : ERROR.stop] = 5.0
    columns = np.concatenate([example.rotation[:, :, 0], example.rotation[:, :, 1]], axis=1)
    values[ROTATION.start : ROTATION.start + 6, row, column] = columns.T
    poses = decode(Cells(values, reference), grid, PART, 0.5, hypotheses=1)
    distance = pose_distances(poses.T_bin_object, scene.T_bin_object, PART)
    assert len(poses) > 20
    assert distance.min(axis=1).max() < 1e-4
    assert set(distance.argmin(axis=1)) == {0, 1, 2, 3}
    np.testing.assert_array_equal(maps, example.maps)


@pytest.mark.parametrize(("visibility", "state"), [(0.1, -1.0), (0.9, 1.0)])
def test_hidden_instances_count_neither_way(visibility: float, state: float) -> None:
    example = make_example(lying_scene(1, visibility=visibility), PART, 96, np.random.default_rng(0))
    assert set(np.unique(example.presence)) >= {0.0, state}
    assert (len(example.cell) > 0) == (state > 0)


def test_examples_of_a_turned_scene_fit_the_window_and_differ() -> None:
    scene = lying_scene(2)
    one, two = (make_example(scene, PART, 96, np.random.default_rng(seed)) for seed in (0, 1))
    assert one.maps.shape == (3, 96, 96) and one.presence.shape == (96 // STRIDE, 96 // STRIDE)
    assert np.abs(one.offset).max() < 1.0
    assert not np.array_equal(one.maps, two.maps)
    np.testing.assert_array_equal(one.maps, make_example(scene, PART, 96, np.random.default_rng(0)).maps)


def test_cells_of_other_parts_are_negative() -> None:
    scene = lying_scene(3)
    scene.is_target[:] = False
    assert not make_example(scene, PART, 96, np.random.default_rng(0)).presence.any()
