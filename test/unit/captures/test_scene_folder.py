"""Scene folders: what is written is read, and what cannot be trusted is named."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from srclib_ros.artifact import read_tensors, seal, write_tensors
from srclib_ros.captures.cloud_io import load_capture
from srclib_ros.captures.scene_folder import (
    MESHES,
    PlacedPart,
    read_scene,
    record,
    scene_folders,
    scene_meshes,
    write_scene,
)
from srclib_ros.errors import ArtifactDamagedError, ArtifactMissingError, CaptureError
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.types import Camera

CAMERA = Camera(8, 6, 10.0, 10.0, 3.5, 2.5)


def make_scene():
    rng = np.random.default_rng(0)
    depth = (rng.integers(5000, 9000, (6, 8)) * 1e-4).astype(np.float32)
    depth[0, 0] = 0.0
    ids = rng.integers(0, 3, (6, 8)).astype(np.int32)
    T = np.eye(4)
    T[:3, 3] = 0.1, -0.2, 0.3
    T_bin_camera = np.diag((1.0, -1.0, -1.0, 1.0))
    T_bin_camera[2, 3] = 0.75
    parts = (PlacedPart("nut", 1, T, 0.5, "nuts"), PlacedPart("bolt", 2, np.eye(4), 1.0))
    scene = record(depth, ids, CAMERA, T_bin_camera, (0.36, 0.26, 0.12), parts, seed=7)
    return dataclasses.replace(scene, cloud=dataclasses.replace(scene.cloud, stamp_ns=42, frame_id="eye"))


@pytest.fixture
def folder(tmp_path):
    write_scene(tmp_path / "scene", make_scene())
    return tmp_path / "scene"


def rewrite(folder, change):
    values = json.loads((folder / "scene.json").read_text())
    change(values)
    (folder / "scene.json").write_text(json.dumps(values))
    seal(folder, "scene", 1, {})


def test_what_was_written_is_read(folder):
    scene, again = make_scene(), read_scene(folder)
    assert again.depth_m == pytest.approx(scene.depth_m, abs=1e-6)
    assert np.array_equal(again.instance_ids, scene.instance_ids)
    assert again.cloud.xyz == pytest.approx(scene.cloud.xyz, abs=1e-5, nan_ok=True)
    assert (again.cloud.frame_id, again.cloud.stamp_ns, again.seed) == ("eye", 42, 7)
    assert vars(again.camera) == vars(scene.camera)
    assert again.bin.size_m == scene.bin.size_m
    assert again.bin.T_cloud_bin @ again.T_bin_camera == pytest.approx(np.eye(4))
    for part, expected in zip(again.parts, scene.parts, strict=True):
        assert (part.name, part.instance_id, part.category) == (expected.name, expected.instance_id, expected.category)
        assert part.T_bin_object == pytest.approx(expected.T_bin_object)


def test_lost_pixels_are_nan_in_the_cloud(folder):
    assert np.isnan(read_scene(folder).cloud.xyz[0, 0]).all()


def test_depth_is_rounded_to_a_tenth_of_a_millimetre(tmp_path):
    scene = make_scene()
    write_scene(tmp_path, dataclasses.replace(scene, depth_m=scene.depth_m + np.float32(4e-5)))
    assert read_scene(tmp_path).depth_m == pytest.approx(scene.depth_m, abs=5e-5)


def test_an_unfinished_folder_is_not_read(folder):
    (folder / "manifest.json").unlink()
    with pytest.raises(ArtifactMissingError):
        read_scene(folder)


def test_a_changed_file_is_noticed(folder):
    data = (folder / "depth.png").read_bytes()
    (folder / "depth.png").write_bytes(data[: len(data) // 2])
    with pytest.raises(ArtifactDamagedError):
        read_scene(folder)
    with pytest.raises(ArtifactDamagedError, match="not a whole PNG"):
        read_scene(folder, verify=False)


@pytest.mark.parametrize(
    "change",
    [
        lambda values: values.pop("camera"),
        lambda values: values["camera"].pop("fx_px"),
        lambda values: values["parts"][0].update(T_bin_object=[[1, 0], [0, 1]]),
        lambda values: values.update(T_bin_camera=(2.0 * np.eye(4)).tolist()),
        lambda values: values.update(bin_size_m=[1.0, 2.0]),
        lambda values: values["camera"].update(width_px=9),
        lambda values: values.update(parts=3),
    ],
)
def test_contradictions_are_named(folder, change):
    rewrite(folder, change)
    with pytest.raises(CaptureError):
        read_scene(folder)


def test_depth_beyond_the_format_is_refused(tmp_path):
    scene = make_scene()
    with pytest.raises(CaptureError, match="nearer"):
        write_scene(tmp_path, dataclasses.replace(scene, depth_m=scene.depth_m + 7.0))


def test_scenes_of_a_folder_come_in_order(tmp_path):
    for name in ("scene_0002", "scene_0000", "scene_0001"):
        write_scene(tmp_path / name, make_scene())
    assert [path.name for path in scene_folders(tmp_path)] == ["scene_0000", "scene_0001", "scene_0002"]
    assert scene_folders(tmp_path / "scene_0001") == [tmp_path / "scene_0001"]
    with pytest.raises(CaptureError, match="srclib simulate"):
        scene_folders(tmp_path / "scene_0001" / "none")


def test_a_folder_of_scenes_is_told_from_a_scene(tmp_path: Path) -> None:
    (tmp_path / "scene_0000").mkdir()
    (tmp_path / "scene_0000" / "scene.json").write_text("{}")
    with pytest.raises(CaptureError, match=r"holds 1 scenes and is none; name one, e\.g\. .*scene_0000"):
        load_capture(tmp_path)


def tetrahedron(size_m: float) -> PartMesh:
    corners = size_m * np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)], np.float64)
    return PartMesh("nut", "nuts", corners, np.array([(0, 2, 1), (0, 1, 3), (0, 3, 2), (1, 2, 3)], np.int32))


def with_meshes(folder: Path) -> Path:
    """Two nuts that are one mesh and a bolt."""
    scene, nut, bolt = make_scene(), tetrahedron(0.02), tetrahedron(0.05)
    parts = (scene.parts[0], scene.parts[1], dataclasses.replace(scene.parts[0], instance_id=3))
    write_scene(folder, dataclasses.replace(scene, parts=parts, meshes=(nut, bolt, nut)))
    return folder


def test_meshes_are_written_once_for_parts_that_are_alike(tmp_path: Path) -> None:
    first, second, third = scene_meshes(with_meshes(tmp_path))
    assert first is third
    assert (first.name, first.category, second.name) == ("nut", "nuts", "bolt")
    assert first.watertight
    assert np.array_equal(second.vertices, tetrahedron(0.05).vertices)
    assert read_scene(tmp_path).meshes is None
    assert set(read_tensors(tmp_path / MESHES)) == {"part", "vertices_0", "faces_0", "vertices_1", "faces_1"}


def test_an_empty_scene_has_no_meshes_and_says_so_without_an_error(tmp_path: Path) -> None:
    write_scene(tmp_path, dataclasses.replace(make_scene(), parts=(), meshes=()))
    assert scene_meshes(tmp_path) == []


def test_a_scene_from_before_meshes_says_what_to_do(folder: Path) -> None:
    with pytest.raises(CaptureError, match="srclib simulate"):
        scene_meshes(folder)


def test_writing_a_scene_anew_leaves_no_meshes_of_the_old_one(tmp_path: Path) -> None:
    write_scene(with_meshes(tmp_path), make_scene())
    with pytest.raises(CaptureError, match="holds no meshes"):
        scene_meshes(tmp_path)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"part": np.zeros(2, np.int32)}, "part"),
        ({"vertices_0": np.full((4, 3), np.nan)}, "vertices_0"),
        ({"faces_1": np.array([[0, 1, 4]], np.int32)}, "faces_1"),
        ({"faces_1": np.array([[0, 1, 2]], np.int64)}, "faces_1"),
    ],
)
def test_meshes_that_cannot_be_are_named(tmp_path: Path, change: dict[str, np.ndarray], named: str) -> None:
    folder = with_meshes(tmp_path)
    write_tensors(folder / MESHES, {**read_tensors(folder / MESHES), **change})
    with pytest.raises(ArtifactDamagedError):
        scene_meshes(folder)
    seal(folder, "scene", 1, {})
    with pytest.raises(CaptureError, match=named):
        scene_meshes(folder)
