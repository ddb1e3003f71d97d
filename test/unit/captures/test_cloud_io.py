import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from srclib_ros.captures.cloud_io import depth_to_cloud, load_capture
from srclib_ros.errors import CaptureError, CloudFieldError, CloudLayoutError, SrclibError
from srclib_ros.types import Camera

from .pcd_files import write_pcd

CAMERA = Camera(8, 6, 100.0, 100.0, 3.5, 2.5)


def _depth_png(path: Path, depth: np.ndarray) -> None:
    Image.fromarray(depth.astype(np.uint16)).save(path)


def test_a_pixel_becomes_the_point_on_its_ray() -> None:
    depth = np.zeros((6, 8), np.float32)
    depth[2, 7] = 2.0
    cloud = depth_to_cloud(depth, CAMERA)
    np.testing.assert_allclose(cloud.xyz[2, 7], (2.0 * 3.5 / 100, -2.0 * 0.5 / 100, 2.0), rtol=1e-6)
    assert np.isfinite(cloud.xyz).all(axis=-1).sum() == 1
    with pytest.raises(CloudLayoutError, match="6 x 8"):
        depth_to_cloud(depth.T, CAMERA)


def test_depth_image_with_intrinsics_camera_pose_and_bin(tmp_path: Path) -> None:
    _depth_png(tmp_path / "d.png", np.full((6, 8), 5000))
    (tmp_path / "K.txt").write_text("100 0 3.5\n0 100 2.5\n0 0 1\n")
    (tmp_path / "K.json").write_text(json.dumps({"fx": 100, "fy": 100, "cx": 3.5, "cy": 2.5}))
    (tmp_path / "pose.txt").write_text("1 0 0 0.1\n0 -1 0 0.2\n0 0 -1 0.9\n0 0 0 1\n")
    (tmp_path / "bin.txt").write_text("0.1 0.2 0.4")
    capture = load_capture(
        tmp_path / "d.png",
        intrinsics=tmp_path / "K.txt",
        depth_scale=1e-4,
        camera_pose=tmp_path / "pose.txt",
        bin_pose=tmp_path / "bin.txt",
        bin_size_m=(0.3, 0.2, 0.1),
    )
    np.testing.assert_allclose(capture.cloud.xyz[..., 2], 0.4, atol=1e-6)
    np.testing.assert_allclose(capture.cloud.viewpoint, (0.1, 0.2, 0.9))
    assert capture.bin is not None and capture.bin.size_m == (0.3, 0.2, 0.1)
    np.testing.assert_allclose(capture.bin.T_cloud_bin[:3, 3], (0.1, 0.2, 0.4))
    in_millimetres = load_capture(tmp_path / "d.png", intrinsics=tmp_path / "K.json")
    np.testing.assert_allclose(in_millimetres.cloud.xyz[..., 2], 5.0)


def test_pcd_keeps_its_grid_labels_and_viewpoint(tmp_path: Path, rng: np.random.Generator) -> None:
    xyz, labels = rng.normal(size=(4, 6, 3)).astype(np.float32), rng.integers(0, 30, (4, 6))
    write_pcd(tmp_path / "a.pcd", xyz, labels, "binary")
    capture = load_capture(tmp_path / "a.pcd")
    assert capture.cloud.organised and capture.labels is not None and capture.labels.dtype == np.int32
    np.testing.assert_array_equal(capture.cloud.xyz, xyz)
    np.testing.assert_array_equal(capture.labels, labels)
    np.testing.assert_array_equal(capture.cloud.viewpoint, (0.5, 0, 1))


def test_npz_of_points_or_of_depth(tmp_path: Path, rng: np.random.Generator) -> None:
    xyz = rng.normal(size=(50, 3))
    np.savez(tmp_path / "a.npz", xyz=xyz, labels=np.arange(50), viewpoint=np.ones(3))
    capture = load_capture(tmp_path / "a.npz")
    assert capture.cloud.xyz.dtype == np.float32 and not capture.cloud.organised
    np.testing.assert_array_equal(capture.cloud.viewpoint, np.ones(3))
    K = np.array(((100, 0, 3.5), (0, 100, 2.5), (0, 0, 1)))
    np.savez(tmp_path / "d.npz", depth_m=np.ones((6, 8), np.float32), K=K)
    assert load_capture(tmp_path / "d.npz").cloud.xyz.shape == (6, 8, 3)


def test_pickles_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", xyz=np.array([{"a": 1}], dtype=object))
    with pytest.raises(CaptureError, match="plain arrays"):
        load_capture(tmp_path / "a.npz")


def test_what_is_no_capture_is_named(tmp_path: Path) -> None:
    for name, content in (("a.npz", b"PK nonsense"), ("a.pcd", b""), ("a.ply", b"ply\n"), ("a.png", b"\x89PNG")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(CaptureError):
            load_capture(tmp_path / name, intrinsics=tmp_path / "K.txt")
    (tmp_path / "a.xyz").write_text("1 2 3")
    with pytest.raises(CaptureError, match="unknown kind"):
        load_capture(tmp_path / "a.xyz")
    with pytest.raises(CaptureError, match="not there"):
        load_capture(tmp_path / "nowhere.pcd")
    with pytest.raises(SrclibError):
        load_capture(tmp_path)


def test_a_depth_image_says_what_it_lacks(tmp_path: Path) -> None:
    _depth_png(tmp_path / "d.png", np.full((6, 8), 5000))
    with pytest.raises(CaptureError, match="intrinsics"):
        load_capture(tmp_path / "d.png")
    (tmp_path / "K.txt").write_text("1 2 3")
    with pytest.raises(CaptureError, match="9 numbers, got 3"):
        load_capture(tmp_path / "d.png", intrinsics=tmp_path / "K.txt")
    Image.fromarray(np.zeros((6, 8, 3), np.uint8)).save(tmp_path / "c.png")
    with pytest.raises(CaptureError, match="colour"):
        load_capture(tmp_path / "c.png", intrinsics=tmp_path / "K.txt")


def test_npz_without_points_lists_what_it_has(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", cloud=np.zeros((3, 3)))
    with pytest.raises(CloudFieldError, match="it has cloud"):
        load_capture(tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", xyz=np.zeros((3, 4), np.float32))
    with pytest.raises(CloudFieldError, match=r"\(3, 4\)"):
        load_capture(tmp_path / "b.npz")


def test_real_table_scene(shared_data: Path) -> None:
    capture = load_capture(shared_data / "captures" / "pcl_mOSD" / "learn0.pcd")
    assert capture.cloud.xyz.shape == (480, 640, 3)
    assert capture.labels is not None and set(np.unique(capture.labels)) == {0, 1, 20, 30}


def test_what_is_no_npz_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    with path.open("wb") as file:
        np.save(file, np.zeros((3, 3), np.float32))
    with pytest.raises(CaptureError, match=r"numpy\.savez"):
        load_capture(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xyz", "1 2 3")
    with pytest.raises(CloudFieldError, match="xyz"):
        load_capture(path)
    np.savez_compressed(path, xyz=np.zeros((50, 3), np.float32))
    damaged = bytearray(path.read_bytes())
    damaged[60] ^= 0xFF
    path.write_bytes(damaged)
    with pytest.raises(CaptureError, match=r"numpy\.savez"):
        load_capture(path)


@pytest.mark.parametrize("viewpoint", [np.array(["a", "b", "c"]), np.array([0.0, np.nan, 0.0]), np.zeros(2)])
def test_an_npz_viewpoint_is_three_finite_numbers(tmp_path: Path, viewpoint: np.ndarray) -> None:
    np.savez(tmp_path / "a.npz", xyz=np.zeros((3, 3), np.float32), viewpoint=viewpoint)
    with pytest.raises(CloudFieldError, match="viewpoint"):
        load_capture(tmp_path / "a.npz")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("K", [np.zeros((3, 3)), np.full((3, 3), np.nan), np.full((3, 3), "a"), np.ones((2, 3))])
def test_an_npz_K_is_a_pinhole_matrix(tmp_path: Path, K: np.ndarray) -> None:
    np.savez(tmp_path / "a.npz", depth_m=np.ones((6, 8), np.float32), K=K)
    with pytest.raises((CaptureError, CloudFieldError), match=r"pinhole matrix|K \(3, 3\)"):
        load_capture(tmp_path / "a.npz")
