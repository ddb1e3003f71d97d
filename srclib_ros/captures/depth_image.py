"""Depth images on disk, and the text or JSON files that say how they were taken."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from srclib_ros.captures.pcd import MAX_POINTS
from srclib_ros.errors import CaptureError, CloudTooLargeError, MissingDependencyError
from srclib_ros.geometry.transforms import is_rigid, make_transform, pose7_to_matrix
from srclib_ros.types import Camera, FloatArray, Matrix

REP118_SCALE_M = 0.001
_MAX_TEXT_BYTES = 65_536


def read_depth(path: Path, depth_scale: float | None = None) -> FloatArray:
    """(H, W) float32 metres along the optical axis, 0 where nothing returned, from a PNG or TIFF.

    depth_scale: metres per unit; None: 0.001 for whole numbers, 1 for floats (REP-118).
    Raises CaptureError, CloudTooLargeError, MissingDependencyError.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingDependencyError("depth images need Pillow; run `pip install pillow`") from error
    if not path.is_file():
        raise CaptureError(f"{path}: not there; check the path")
    try:
        with Image.open(path) as image:
            if image.width * image.height > MAX_POINTS:
                raise CloudTooLargeError(f"{path}: {image.width} x {image.height} pixels; crop or downsample it first")
            values = np.asarray(image)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise CaptureError(f"{path}: not a whole image ({error}); copy it again") from error
    if values.ndim != 2 or values.dtype == np.uint8 or values.dtype.kind not in "uif":
        raise CaptureError(f"{path}: {values.dtype} {values.shape} is a colour or 8-bit image; give the depth image")
    scale = depth_scale if depth_scale is not None else (1.0 if values.dtype.kind == "f" else REP118_SCALE_M)
    depth_m = values.astype(np.float32) * np.float32(scale)
    depth_m[~np.isfinite(depth_m) | (depth_m < 0.0)] = 0.0
    return depth_m


def read_intrinsics(path: Path, width_px: int, height_px: int) -> Camera:
    """A camera from a 3x3 matrix in a text file, or from JSON.

    JSON: `camera_matrix`/`K`/`k` (9 numbers or 3 rows) or `fx fy cx cy` (`fx_px` ... too).
    Raises CaptureError, naming what a file may hold.
    """
    text = _read_text(path)
    is_json = path.suffix.lower() == ".json"
    K = _matrix_from_json(path, text) if is_json else _numbers(path, text, (9,)).reshape(3, 3)
    return camera_from_matrix(path, K, width_px, height_px)


def camera_from_matrix(path: Path, K: npt.NDArray[Any], width_px: int, height_px: int) -> Camera:
    """The camera of a pinhole matrix. K: (3, 3) whole numbers or floats, pixels, as read from `path`.

    Raises CaptureError when K is no pinhole matrix.
    """
    fx, fy, cx, cy = K[0, 0], K[1, 1], K[0, 2], K[1, 2]
    if not (np.isfinite(K).all() and fx > 0 and fy > 0 and abs(K[2, 2] - 1.0) < 1e-6):
        raise CaptureError(f"{path}: no pinhole matrix (fx 0 cx; 0 fy cy; 0 0 1), fx and fy above 0, in pixels")
    return Camera(width_px, height_px, float(fx), float(fy), float(cx), float(cy))


def read_pose(path: Path) -> Matrix:
    """(4, 4) from a text file of 16 numbers (rows), 7 (x y z qx qy qz qw), or 3 (x y z, not rotated), metres.

    Raises CaptureError for another count or a matrix that is not rigid.
    """
    numbers = _numbers(path, _read_text(path), (3, 7, 16))
    if numbers.size == 7:
        return pose7_to_matrix(numbers)
    T = make_transform(np.eye(3), numbers) if numbers.size == 3 else numbers.reshape(4, 4)
    if not is_rigid(T):
        raise CaptureError(f"{path}: not a rigid transform; expected rows of R t and a last row of 0 0 0 1")
    return T


def _read_text(path: Path) -> str:
    if not path.is_file():
        raise CaptureError(f"{path}: not there; check the path")
    if path.stat().st_size > _MAX_TEXT_BYTES:
        raise CaptureError(f"{path}: too large for intrinsics or a pose; check the path")
    return path.read_text(encoding="utf-8", errors="replace")


def _numbers(path: Path, text: str, counts: tuple[int, ...]) -> npt.NDArray[np.float64]:
    words = [word for word in re.split(r"[\s,;\[\]]+", text) if word]
    try:
        numbers = np.array([float(word) for word in words])
    except ValueError as error:
        raise CaptureError(f"{path}: expected numbers only ({error})") from error
    if numbers.size not in counts:
        raise CaptureError(f"{path}: expected {' or '.join(map(str, counts))} numbers, got {numbers.size}")
    return numbers


def _matrix_from_json(path: Path, text: str) -> npt.NDArray[np.float64]:
    try:
        value: Any = json.loads(text)
        value = value.get("camera", value) if isinstance(value, dict) else value
        for key in ("camera_matrix", "K", "k"):
            if key in value:
                matrix = value[key]
                return np.array(matrix.get("data") if isinstance(matrix, dict) else matrix, np.float64).reshape(3, 3)
        fx, fy, cx, cy = (float(value[name if name in value else f"{name}_px"]) for name in ("fx", "fy", "cx", "cy"))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CaptureError(f"{path}: expected JSON with K (9 numbers), or with fx, fy, cx and cy") from error
    return np.array(((fx, 0.0, cx), (0.0, fy, cy), (0.0, 0.0, 1.0)))
