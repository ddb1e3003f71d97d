"""A recorded scene: what the camera measured, and the truth behind it. One folder on disk, sealed.

    scene.json          camera, bin, pose of the camera, parts with their poses, seed
    depth.png           (H, W) uint16, tenths of a millimetre, 0 where nothing returned
    instances.png       (H, W) uint16, the instance that each pixel sees, 0 for none
    meshes.safetensors  the parts' surfaces, each distinct part once; older scenes have none
    manifest.json       hashes

The cloud is computed from depth and camera. Meshes are read only when asked for, by `scene_meshes`.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from srclib_ros.artifact import (
    open_sealed,
    read_bytes,
    read_json,
    read_tensors,
    seal,
    write_atomic,
    write_json,
    write_tensors,
)
from srclib_ros.captures.mesh_tensors import meshes_of, tensors_of
from srclib_ros.errors import ArtifactDamagedError, ArtifactError, CaptureError
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.geometry.pinhole import deproject
from srclib_ros.geometry.transforms import invert, is_rigid
from srclib_ros.types import Bin, Camera, Cloud, FloatArray, IntArray, Matrix

KIND, SCHEMA = "scene", 1
DEPTH_STEP_M = 1e-4
MESHES = "meshes.safetensors"


@dataclass(frozen=True, eq=False)
class PlacedPart:
    """One part in the bin. instance_id: >= 1, its value in `RecordedScene.instance_ids`.

    visible_share: visible pixels over those that the part alone would cover, 0 to 1.
    """

    name: str
    instance_id: int
    T_bin_object: Matrix
    visible_share: float
    category: str = ""


@dataclass(frozen=True, eq=False)
class RecordedScene:
    """One filmed bin.

    cloud: organised, camera frame. depth_m: (H, W) float32, 0 where nothing returned. instance_ids: (H, W) int32,
    0 for the bin and whatever is no part. bin: in the cloud's frame, which is the camera's.
    meshes: one for each of `parts`, where the scene was just made; None when it was read (see `scene_meshes`).
    """

    cloud: Cloud
    depth_m: FloatArray
    instance_ids: IntArray
    camera: Camera
    T_bin_camera: Matrix
    bin: Bin
    parts: tuple[PlacedPart, ...]
    seed: int = 0
    meshes: tuple[PartMesh, ...] | None = None


def record(
    depth_m: FloatArray,
    instance_ids: IntArray,
    camera: Camera,
    T_bin_camera: Matrix,
    bin_size_m: tuple[float, float, float],
    parts: tuple[PlacedPart, ...],
    seed: int = 0,
) -> RecordedScene:
    """A RecordedScene whose cloud, and whose bin in the cloud's frame, follow from the rest."""
    cloud = Cloud(deproject(depth_m, camera))
    return RecordedScene(
        cloud, depth_m, instance_ids, camera, T_bin_camera, Bin(invert(T_bin_camera), bin_size_m), parts, seed
    )


def write_scene(folder: Path, scene: RecordedScene) -> None:
    """Write a scene; depth is rounded to 0.1 mm. An unfinished folder has no manifest and is never read."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("manifest.json", MESHES):
        (folder / name).unlink(missing_ok=True)
    _write_png(folder / "depth.png", np.rint(np.nan_to_num(scene.depth_m) / DEPTH_STEP_M))
    _write_png(folder / "instances.png", scene.instance_ids)
    write_json(
        folder / "scene.json",
        {
            "camera": dataclasses.asdict(scene.camera),
            "T_bin_camera": scene.T_bin_camera.tolist(),
            "bin_size_m": list(scene.bin.size_m),
            "frame_id": scene.cloud.frame_id,
            "stamp_ns": scene.cloud.stamp_ns,
            "seed": scene.seed,
            "parts": [{**vars(part), "T_bin_object": part.T_bin_object.tolist()} for part in scene.parts],
        },
    )
    if scene.meshes is not None:
        write_tensors(folder / MESHES, tensors_of(scene.meshes))
    seal(folder, KIND, SCHEMA, {})


def read_scene(folder: Path, verify: bool = True) -> RecordedScene:
    """Read what `write_scene` wrote. Raises an ArtifactError when it cannot be trusted, CaptureError when it
    contradicts itself.
    """
    open_sealed(folder, KIND, SCHEMA, verify)
    values = read_json(folder / "scene.json")
    try:
        camera = Camera(**values["camera"])
        parts = tuple(PlacedPart(**{**part, "T_bin_object": _pose(part["T_bin_object"])}) for part in values["parts"])
        T_bin_camera = _pose(values["T_bin_camera"])
        length, width, height = (float(value) for value in values["bin_size_m"])
        frame_id, stamp_ns, seed = str(values["frame_id"]), int(values["stamp_ns"]), int(values["seed"])
    except (KeyError, TypeError, ValueError) as error:
        raise CaptureError(f"{folder}/scene.json: {error!r}; simulate the scene again") from error
    shape = (camera.height_px, camera.width_px)
    depth_m = _read_png(folder / "depth.png", shape).astype(np.float32) * np.float32(DEPTH_STEP_M)
    ids = _read_png(folder / "instances.png", shape).astype(np.int32)
    scene = record(depth_m, ids, camera, T_bin_camera, (length, width, height), parts, seed)
    cloud = dataclasses.replace(scene.cloud, frame_id=frame_id, stamp_ns=stamp_ns)
    return dataclasses.replace(scene, cloud=cloud)


def scene_meshes(folder: Path, verify: bool = True) -> list[PartMesh]:
    """The mesh of each of the scene's parts, in their order; parts that are alike share one.

    Raises CaptureError for a scene without meshes, and what `read_scene` raises.
    """
    manifest = open_sealed(folder, KIND, SCHEMA, verify)
    if MESHES not in manifest["files"]:
        raise CaptureError(f"{folder}: holds no meshes of its parts, as older scenes do; `srclib simulate` it again")
    try:
        told = [(str(part["name"]), str(part["category"])) for part in read_json(folder / "scene.json")["parts"]]
    except (KeyError, TypeError) as error:
        raise CaptureError(f"{folder}/scene.json: {error!r}; simulate the scene again") from error
    try:
        return meshes_of(read_tensors(folder / MESHES), told)
    except ValueError as error:
        raise CaptureError(f"{folder / MESHES}: {error}; simulate the scene again") from error


def scene_folders(folder: Path) -> list[Path]:
    """`folder` itself when it is a scene, else the scenes right below it, in order. Raises CaptureError if none."""
    if (folder / "scene.json").is_file():
        return [folder]
    found = sorted(path.parent for path in folder.glob("*/scene.json"))
    if not found:
        raise CaptureError(f"{folder}: holds no scene; make some with `srclib simulate`")
    return found


def _pose(rows: Any) -> Matrix:
    T = np.array(rows, np.float64)
    if not is_rigid(T):
        raise ValueError("a pose is not a rigid 4x4 transform")
    return T


def _write_png(path: Path, values: npt.NDArray[Any]) -> None:
    from PIL import Image

    if values.min(initial=0) < 0 or values.max(initial=0) > np.iinfo(np.uint16).max:
        raise CaptureError(f"{path}: values from 0 to 65535 fit (6.5 m of depth); move the camera nearer")
    buffer = BytesIO()
    Image.fromarray(values.astype(np.uint16)).save(buffer, "PNG")
    write_atomic(path, buffer.getvalue())


def _read_png(path: Path, shape: tuple[int, int]) -> npt.NDArray[np.uint16]:
    from PIL import Image

    try:
        with Image.open(BytesIO(read_bytes(path)), formats=("PNG",)) as image:
            if (image.height, image.width) != shape:
                raise CaptureError(f"{path}: {image.height}x{image.width} pixels, its camera has {shape[0]}x{shape[1]}")
            return np.asarray(image, np.uint16)
    except (CaptureError, ArtifactError):
        raise
    except Exception as error:  # a decoder's own errors are of every kind
        raise ArtifactDamagedError(f"{path}: not a whole PNG ({error}); simulate the scene again") from error
