import numpy as np

from srclib_ros.geometry.height_map import height_map, rasterise, thinning_stride


def test_each_pixel_holds_its_highest_point_and_that_points_label() -> None:
    points = np.array([[0.01, 0.01, 0.02], [0.012, 0.011, 0.05], [0.05, 0.01, 0.03], [-1.0, 0.0, 0.3]], np.float32)
    grid = rasterise(points, np.array([7, 8, 9, 1]), 0.04, (0.0, 0.0), (1, 3))
    np.testing.assert_allclose(grid.height_m[0, :2], [0.05, 0.03], atol=1e-6)
    assert np.isnan(grid.height_m[0, 2])
    assert grid.labels.tolist() == [[8, 9, 0]]
    assert grid.known.tolist() == [[True, True, False]]


def test_order_of_points_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    points = rng.uniform(-0.1, 0.1, (500, 3)).astype(np.float32)
    labels, order = rng.integers(0, 9, 500), rng.permutation(500)
    one, two = (rasterise(points[o], labels[o], 0.02, (-0.1, -0.1), (10, 10)) for o in (np.arange(500), order))
    np.testing.assert_array_equal(one.height_m, two.height_m)
    np.testing.assert_array_equal(one.labels, two.labels)


def test_the_whole_bin_is_covered_and_positions_lead_back_to_pixels() -> None:
    grid = height_map(np.array([[0.149, -0.099, 0.02]], np.float32), np.array([3]), 0.01, (0.3, 0.2))
    assert grid.shape == (20, 30)
    row, column = np.argwhere(grid.labels == 3)[0]
    assert (row, column) == (0, 29)
    np.testing.assert_array_equal(grid.pixel_of(np.array([0.149, -0.099])), [0, 29])
    np.testing.assert_allclose(grid.heights_at(np.array([[0.145, -0.095], [0.9, 0.0]])), [0.02, np.nan], atol=1e-6)


def test_negative_heights_and_empty_clouds_are_kept_apart() -> None:
    grid = rasterise(np.array([[0.5, 0.5, -0.003]], np.float32), np.array([0]), 1.0, (0.0, 0.0), (1, 1))
    assert abs(float(grid.height_m[0, 0]) + 0.003) < 1e-6
    assert not height_map(np.zeros((0, 3), np.float32), np.zeros(0, np.int32), 0.01, (0.1, 0.1)).known.any()


def test_dense_clouds_are_thinned() -> None:
    assert thinning_stride(100, 0.01, (0.1, 0.1)) == 1
    assert thinning_stride(6100, 0.01, (0.1, 0.1)) == 10
