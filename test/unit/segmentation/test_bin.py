import numpy as np
import pytest

from srclib_ros.config import BinConfig
from srclib_ros.errors import BinNotFoundError, ConfigError, EmptyCloudError
from srclib_ros.geometry.transforms import make_transform, random_rotation
from srclib_ros.segmentation.bin import locate_bin
from srclib_ros.types import Cloud

from .piles import T_BIN_CAMERA, moved, pile

BOX = (((-0.05, -0.05, 0.0), (0.05, 0.05, 0.05)),)


def test_a_given_pose_wins() -> None:
    cloud, bin, _ = pile(())
    config = BinConfig(pose=(1, 2, 3, 0, 0, 0, 1), size_m=(0.4, 0.3, 0.2))
    found = locate_bin(cloud, config, bin.T_cloud_bin)
    np.testing.assert_array_equal(found.T_cloud_bin, bin.T_cloud_bin)
    np.testing.assert_array_equal(locate_bin(cloud, config).T_cloud_bin[:3, 3], (1, 2, 3))
    assert found.size_m == (0.4, 0.3, 0.2) and found.has_walls
    assert not locate_bin(cloud, BinConfig(mode="plane"), bin.T_cloud_bin).has_walls


def test_the_table_is_found_with_z_towards_the_sensor() -> None:
    cloud, bin, _ = pile(BOX, noise_m=0.0005)
    found = locate_bin(cloud, BinConfig(mode="plane"))
    assert not found.has_walls
    assert found.T_cloud_bin[:3, 2] @ bin.T_cloud_bin[:3, 2] > 0.9999
    above = (np.linalg.inv(bin.T_cloud_bin) @ found.T_cloud_bin)[2, 3]
    assert abs(above) < 0.0005
    inside = np.linalg.inv(found.T_cloud_bin) @ np.append(T_BIN_CAMERA[:3, :3].T @ -T_BIN_CAMERA[:3, 3], 1)
    assert (np.abs(inside[:2]) < np.array(found.size_m[:2]) / 2).all()
    assert found.size_m[0] >= found.size_m[1]


def test_the_found_table_moves_with_the_cloud(rng: np.random.Generator) -> None:
    cloud, bin, _ = pile(BOX, noise_m=0.0005)
    T = make_transform(random_rotation(rng), (0.3, -0.2, 0.5))
    first = locate_bin(cloud, BinConfig(mode="plane"))
    second = locate_bin(moved(cloud, bin, T)[0], BinConfig(mode="plane"))
    np.testing.assert_allclose(second.T_cloud_bin, T @ first.T_cloud_bin, atol=0.02)
    np.testing.assert_allclose(second.size_m, first.size_m, atol=0.01)


def test_the_same_seed_finds_the_same_table() -> None:
    cloud, _, _ = pile(BOX, noise_m=0.001)
    poses = [locate_bin(cloud, BinConfig(), rng=np.random.default_rng(5)).T_cloud_bin for _ in range(2)]
    np.testing.assert_array_equal(*poses)


def test_no_plane_and_no_points_are_named(rng: np.random.Generator) -> None:
    ball = rng.normal(size=(3000, 3))
    ball = 0.3 * ball / np.linalg.norm(ball, axis=1, keepdims=True)
    with pytest.raises(BinNotFoundError, match="set bin"):
        locate_bin(Cloud(ball.astype(np.float32), viewpoint=np.array((0, 0, 0.5))), BinConfig())
    with pytest.raises(EmptyCloudError):
        locate_bin(Cloud(np.full((4, 4, 3), np.nan, np.float32)), BinConfig())
    with pytest.raises(EmptyCloudError):
        locate_bin(Cloud(np.zeros((0, 3), np.float32)), BinConfig())
    with pytest.raises(BinNotFoundError):
        locate_bin(Cloud(np.ones((2, 3), np.float32)), BinConfig())


def test_impossible_poses_are_named() -> None:
    cloud, _, _ = pile(())
    with pytest.raises(ConfigError):
        locate_bin(cloud, BinConfig(pose=(0, 0, 0, 0, 0, 0, 0)))
    with pytest.raises(BinNotFoundError, match="rigid"):
        locate_bin(cloud, BinConfig(), np.diag((1.0, 2.0, 1.0, 1.0)))
