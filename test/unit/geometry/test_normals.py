import numpy as np
import pytest

from srclib_ros.geometry.normals import depth_grid, depth_normals, grid_normals, neighbour_normals
from srclib_ros.geometry.pinhole import deproject, pixel_rays
from srclib_ros.geometry.transforms import apply, make_transform, random_rotation, rotate
from srclib_ros.types import Camera, FloatArray

CAMERA = Camera(120, 90, 110.0, 112.0, 58.0, 46.5)


def _plane_seen(normal: np.ndarray, distance_m: float) -> FloatArray:
    """(H, W, 3) points where the camera's rays meet normal . p = distance."""
    rays = pixel_rays(CAMERA)
    depth = distance_m / (rays @ normal)
    return deproject(np.where((depth > 0) & (depth < 5), depth, 0).astype(np.float32), CAMERA)


def test_the_camera_is_found_again_in_any_frame() -> None:
    rng = np.random.default_rng(0)
    depth = rng.uniform(0.5, 1.0, (CAMERA.height_px, CAMERA.width_px)).astype(np.float32)
    xyz = deproject(depth, CAMERA)
    T = make_transform(random_rotation(rng), (0.4, -1.0, 2.0))
    for cloud, viewpoint in ((xyz, np.zeros(3)), (apply(T, xyz), T[:3, 3])):
        grid = depth_grid(cloud, viewpoint)
        assert grid is not None
        np.testing.assert_allclose(1.0 / grid.inverse_depth, depth, rtol=1e-3)
    plain = depth_grid(xyz, np.zeros(3))
    assert plain is not None
    K = np.array(((CAMERA.fx_px, 0, CAMERA.cx_px), (0, CAMERA.fy_px, CAMERA.cy_px), (0, 0, 1)))
    np.testing.assert_allclose(np.linalg.inv(plain.A), K, rtol=1e-3, atol=0.05)


def test_points_in_no_order_are_no_camera() -> None:
    rng = np.random.default_rng(0)
    assert depth_grid(rng.uniform(0.5, 1.0, (40, 50, 3)).astype(np.float32), np.zeros(3)) is None
    assert depth_grid(np.full((40, 50, 3), np.nan, np.float32), np.zeros(3)) is None


@pytest.mark.parametrize("tilt", [0.0, 0.5, 1.1])
def test_a_plane_has_its_own_normal_everywhere(tilt: float) -> None:
    outward = np.array((np.sin(tilt), 0.0, np.cos(tilt)))
    grid = depth_grid(_plane_seen(outward, 0.6), np.zeros(3))
    assert grid is not None
    normals = grid_normals(grid, depth_jump=0.2)
    known = np.isfinite(normals[0])
    assert known.mean() > 0.4
    np.testing.assert_allclose(
        normals[:, known], np.broadcast_to(-outward[:, None], normals[:, known].shape), atol=0.01
    )


def test_neighbour_normals_turn_with_the_points() -> None:
    rng = np.random.default_rng(0)
    sphere = rng.normal(size=(400, 3))
    sphere = (0.05 * sphere / np.linalg.norm(sphere, axis=1, keepdims=True)).astype(np.float32)
    viewpoint = np.array((0.0, 0.0, 1.0))
    normals = neighbour_normals(sphere, viewpoint)
    outward = sphere / 0.05
    assert np.median(np.abs(np.einsum("ij,ij->i", normals, outward))) > 0.97
    assert (np.einsum("ij,ij->i", normals, viewpoint.astype(np.float32) - sphere) >= 0).all()
    T = make_transform(random_rotation(rng), (0.1, 0.2, 0.3))
    turned = neighbour_normals(apply(T, sphere), apply(T, viewpoint))
    agreement = np.einsum("ij,ij->i", turned, rotate(T, normals))
    assert (agreement > 0.999).mean() > 0.98


def test_too_few_points_have_no_normal() -> None:
    assert np.isnan(neighbour_normals(np.zeros((2, 3), np.float32), np.zeros(3))).all()
    assert np.isnan(neighbour_normals(np.zeros((5, 3), np.float32), np.zeros(3))).all()


def test_normals_of_a_depth_image() -> None:
    normal = np.array([0.3, -0.2, 0.933])
    normal /= np.linalg.norm(normal)
    depth = np.nan_to_num(_plane_seen(normal, 0.6)[..., 2])
    depth[:10] = 0.0
    found = depth_normals(depth, CAMERA, 0.01)
    assert np.isnan(found[:10]).all()
    np.testing.assert_allclose(found[20:70, 20:100], np.broadcast_to(-normal, (50, 80, 3)), atol=2e-3)
