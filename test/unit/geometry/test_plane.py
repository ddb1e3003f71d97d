import numpy as np

from srclib_ros.geometry.plane import dominant_plane
from srclib_ros.geometry.transforms import apply, make_transform, random_rotation


def _table_with_box(rng: np.random.Generator) -> np.ndarray:
    table = np.column_stack((rng.uniform(-0.5, 0.5, (3000, 2)), rng.normal(0, 0.001, 3000)))
    clutter = rng.uniform((-0.2, -0.2, 0.02), (0.2, 0.2, 0.3), (1500, 3))
    return np.concatenate((table, clutter)).astype(np.float32)


def test_the_table_is_found_among_clutter_in_any_frame() -> None:
    points = _table_with_box(np.random.default_rng(0))
    T = make_transform(random_rotation(np.random.default_rng(3)), (0.2, 0.5, 1.0))
    plane = dominant_plane(apply(T, points), 0.005, np.random.default_rng(1))
    assert plane is not None
    assert abs(plane.normal @ T[:3, 2]) > 0.9999
    assert abs(plane.height_m(T[:3, 3])) < 5e-4
    assert 0.65 < plane.share < 0.72
    assert plane.inliers[:3000].mean() > 0.99


def test_the_same_seed_finds_the_same_plane() -> None:
    points = _table_with_box(np.random.default_rng(0))
    first, second = (dominant_plane(points, 0.005, np.random.default_rng(7)) for _ in range(2))
    assert first is not None and second is not None
    np.testing.assert_array_equal(first.normal, second.normal)
    assert first.offset_m == second.offset_m


def test_no_plane_in_too_little() -> None:
    rng = np.random.default_rng(0)
    assert dominant_plane(np.zeros((0, 3), np.float32), 0.01, rng) is None
    assert dominant_plane(np.zeros((2, 3), np.float32), 0.01, rng) is None
    assert dominant_plane(np.ones((100, 3), np.float32), 0.01, rng) is None
