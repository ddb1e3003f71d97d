"""One door to every kind of capture on disk: PCD, PLY, NPZ, a depth image with intrinsics, a scene folder."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from srclib_ros.captures.depth_image import camera_from_matrix, read_depth, read_intrinsics, read_pose
from srclib_ros.captures.pcd import MAX_FILE_BYTES, read_pcd
from srclib_ros.captures.ply import read_ply
from srclib_ros.errors import CaptureError, CloudFieldError, CloudLayoutError, CloudTooLargeError
from srclib_ros.geometry.pinhole import deproject
from srclib_ros.geometry.transforms import apply, pose7_to_matrix
from srclib_ros.types import Bin, Camera, Cloud, FloatArray, IntArray, Matrix

if TYPE_CHECKING:
    from srclib_ros.captures.scene_folder import RecordedScene

CLOUD_SUFFIXES = (".pcd", ".ply", ".npz")
DEPTH_SUFFIXES = (".png", ".tif", ".tiff")
_NPZ_ERRORS = (OSError, ValueError, TypeError, EOFError, RuntimeError, MemoryError, zipfile.BadZipFile, zlib.error)
"""Of numpy, zipfile and zlib, for archives that are damaged, encrypted, or none."""


@dataclass(frozen=True, eq=False)
class Capture:
    """A cloud and what its file says beside it.

    camera: intrinsics, where the capture is a depth image or a scene. bin: in the cloud's frame, where known.
    labels: the cloud's shape less its last axis, int32, as stored (0: no instance). scene: the ground truth
    of a simulated scene.
    """

    cloud: Cloud
    camera: Camera | None = None
    bin: Bin | None = None
    labels: IntArray | None = None
    scene: RecordedScene | None = None


def load_capture(
    path: Path | str,
    *,
    intrinsics: Path | str | None = None,
    depth_scale: float | None = None,
    camera_pose: Path | str | None = None,
    bin_pose: Path | str | Sequence[float] | None = None,
    bin_size_m: Sequence[float] | None = None,
) -> Capture:
    """Read a capture.

    path: PCD, PLY, NPZ (`xyz` (H, W, 3) or (N, 3), or `depth_m` (H, W) with `K` (3, 3); `labels`, `viewpoint`
    where there are some), PNG or TIFF depth image, or a scene folder as `srclib simulate` writes it.
    intrinsics, depth_scale: of a depth image; see `read_intrinsics`, `read_depth`.
    camera_pose: text file of T_base_camera (`read_pose`); the cloud is moved into that base frame and its
    viewpoint set to the camera.
    bin_pose: text file (`read_pose`) or 7 numbers, the centre of the bin's floor in the cloud's (moved) frame;
    with `bin_size_m` (length, width, wall height) it gives the capture its bin.
    Raises CaptureError, CloudError, ConfigError, MissingDependencyError.
    """
    source = Path(path)
    suffix = source.suffix.lower()
    if source.is_dir():
        capture = _load_scene(source)
    elif not source.is_file():
        raise CaptureError(f"{source}: not there; check the path")
    elif suffix == ".pcd":
        capture = _load_pcd(source)
    elif suffix == ".ply":
        capture = _capture_from_fields(source, read_ply(source), None)
    elif suffix == ".npz":
        capture = _load_npz(source)
    elif suffix in DEPTH_SUFFIXES:
        capture = _load_depth(source, intrinsics, depth_scale)
    else:
        known = ", ".join((*CLOUD_SUFFIXES, *DEPTH_SUFFIXES))
        raise CaptureError(f"{source}: unknown kind of capture {suffix!r}; known: {known}, or a scene folder")
    if camera_pose is not None:
        capture = replace(capture, cloud=move_cloud(capture.cloud, read_pose(Path(camera_pose)), "base"))
    if bin_pose is not None:
        T_cloud_bin = read_pose(Path(bin_pose)) if isinstance(bin_pose, (str, Path)) else pose7_to_matrix(bin_pose)
        if bin_size_m is None or len(bin_size_m) != 3:
            raise CaptureError("a bin pose needs the bin's size: inner length, width and wall height in metres")
        length, width, height = (float(value) for value in bin_size_m)
        capture = replace(capture, bin=Bin(T_cloud_bin, (length, width, height)))
    return capture


def depth_to_cloud(depth_m: npt.NDArray[np.floating[Any]], camera: Camera, stamp_ns: int = 0) -> Cloud:
    """Organised cloud in the camera's optical frame. depth_m: (H, W) metres along the optical axis, 0 or NaN: none.

    Raises CloudLayoutError when image and camera differ in size.
    """
    if depth_m.shape != (camera.height_px, camera.width_px):
        raise CloudLayoutError(
            f"depth image: expected {camera.height_px} x {camera.width_px} as the camera, got {depth_m.shape}"
        )
    return Cloud(deproject(depth_m, camera), frame_id="camera", stamp_ns=stamp_ns)


def move_cloud(cloud: Cloud, T_target_cloud: Matrix, frame_id: str) -> Cloud:
    """The same capture in another frame, its viewpoint with it."""
    viewpoint = apply(T_target_cloud, cloud.viewpoint)
    return replace(cloud, xyz=apply(T_target_cloud, cloud.xyz), viewpoint=viewpoint, frame_id=frame_id)


def _load_scene(folder: Path) -> Capture:
    from srclib_ros.captures.scene_folder import read_scene

    inside = sorted(path.parent.name for path in folder.glob("*/scene.json"))
    if inside and not (folder / "scene.json").is_file():
        raise CaptureError(f"{folder}: holds {len(inside)} scenes and is none; name one, e.g. {folder / inside[0]}")
    scene = read_scene(folder)
    return Capture(scene.cloud, scene.camera, scene.bin, scene.instance_ids.astype(np.int32, copy=False), scene)


def _load_pcd(path: Path) -> Capture:
    pcd = read_pcd(path)
    shape = (pcd.height, pcd.width) if pcd.height > 1 else None
    capture = _capture_from_fields(path, pcd.fields, shape)
    return replace(capture, cloud=replace(capture.cloud, viewpoint=pcd.viewpoint[:3].copy()))


def _capture_from_fields(path: Path, fields: Mapping[str, npt.NDArray[Any]], shape: tuple[int, int] | None) -> Capture:
    xyz = np.column_stack([fields[axis].astype(np.float32, copy=False) for axis in "xyz"])
    labels = fields.get("label", fields.get("labels"))
    if shape is not None:
        xyz = xyz.reshape(*shape, 3)
    return Capture(Cloud(xyz), labels=_checked_labels(path, labels, xyz))


def _load_npz(path: Path) -> Capture:
    values = _npz_arrays(path)
    camera = None
    if "xyz" in values or "points" in values:
        xyz = values.get("xyz", values.get("points"))
    elif "depth_m" in values and "K" in values:
        depth_m, K = values["depth_m"], values["K"]
        if depth_m.ndim != 2 or depth_m.dtype.kind != "f" or K.shape != (3, 3) or K.dtype.kind not in "iuf":
            raise CloudFieldError(
                f"{path}: expected depth_m (H, W) float and K (3, 3) of numbers, "
                f"got {depth_m.dtype} {depth_m.shape} and {K.dtype} {K.shape}"
            )
        camera = camera_from_matrix(path, K, depth_m.shape[1], depth_m.shape[0])
        xyz = depth_to_cloud(depth_m, camera).xyz
    else:
        raise CloudFieldError(f"{path}: expected xyz, or depth_m and K; it has {', '.join(values) or 'nothing'}")
    if xyz is None or xyz.ndim not in (2, 3) or xyz.shape[-1] != 3 or xyz.dtype.kind != "f":
        raise CloudFieldError(f"{path}: xyz: expected float (H, W, 3) or (N, 3), got {getattr(xyz, 'shape', None)}")
    viewpoint = values.get("viewpoint", np.zeros(3))
    if viewpoint.shape != (3,) or viewpoint.dtype.kind not in "iuf" or not np.isfinite(viewpoint).all():
        raise CloudFieldError(f"{path}: viewpoint: expected 3 finite numbers, got {viewpoint.dtype} {viewpoint.shape}")
    points: FloatArray = np.ascontiguousarray(xyz, np.float32)
    labels = _checked_labels(path, values.get("labels", values.get("label")), points)
    return Capture(Cloud(points, viewpoint=viewpoint.astype(np.float64)), camera, labels=labels)


def _npz_arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    try:
        with zipfile.ZipFile(path) as archive:
            announced = sum(entry.file_size for entry in archive.infolist())
        if announced > MAX_FILE_BYTES:
            raise CloudTooLargeError(f"{path}: {announced} bytes unpacked; crop or downsample it first")
        with np.load(path, allow_pickle=False) as arrays:
            return {name: np.asarray(arrays[name]) for name in arrays.files}
    except _NPZ_ERRORS as error:
        raise CaptureError(
            f"{path}: not a whole NPZ file of plain arrays ({error}); save it again, as numpy.savez does"
        ) from error


def _load_depth(path: Path, intrinsics: Path | str | None, depth_scale: float | None) -> Capture:
    if intrinsics is None:
        raise CaptureError(f"{path}: a depth image needs --intrinsics: a file of a 3x3 matrix as text, or JSON with K")
    depth_m = read_depth(path, depth_scale)
    camera = read_intrinsics(Path(intrinsics), depth_m.shape[1], depth_m.shape[0])
    return Capture(depth_to_cloud(depth_m, camera), camera)


def _checked_labels(path: Path, labels: npt.NDArray[Any] | None, xyz: FloatArray) -> IntArray | None:
    if labels is None:
        return None
    if labels.size != xyz.size // 3 or labels.dtype.kind not in "iu":
        raise CloudFieldError(f"{path}: labels: expected one whole number a point, got {labels.dtype} {labels.shape}")
    return labels.reshape(xyz.shape[:-1]).astype(np.int32)
