"""Grasps of any planner, from a JSON file: an object with `grasps`, or a bare list of them, best first.

Each grasp has

    T_bin_tcp   4x4 rows, metres: the TCP in the bin frame (centre of the inner floor, z up), z along the approach, the
                fingers closing along y, the TCP between the fingertips
    width_m     between the contacts
    score       a number (`quality`, as `srclib plan` says, will do); it is told again, the order is that of the file
    gripper     a name that `grippers.yaml` knows
    part        may be there: the instance_id, in scene.json, of the part that is meant

What `srclib plan --json` prints is such a file. It says which bin frame it means (`T_cloud_bin`), and its `part`
numbers segments of the cloud, not the scene's parts, so that it is not held against a grasp.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from srclib_ros.errors import CaptureError, GripperError
from srclib_ros.geometry.transforms import is_rigid
from srclib_ros.grasping.gripper import Gripper
from srclib_ros.types import Matrix

MAX_FILE_BYTES = 64 * 2**20


@dataclass(frozen=True, eq=False)
class PlannedGrasp:
    """One grasp of a planner. part: instance_id of the part that is meant, None: not said."""

    T_bin_tcp: Matrix
    width_m: float
    score: float
    gripper: Gripper
    part: int | None


@dataclass(frozen=True, eq=False)
class GraspFile:
    """grasps: in the order of the file at `path`. T_cloud_bin: (4, 4), the bin frame they are in; None: the scene's.
    stamp_ns: of the cloud that a plan says it was made on."""

    path: Path
    grasps: tuple[PlannedGrasp, ...]
    T_cloud_bin: Matrix | None = None
    stamp_ns: int | None = None


def read_grasps(path: Path, grippers: Mapping[str, Gripper]) -> GraspFile:
    """grippers: those known, by name. Raises CaptureError or GripperError, naming file, grasp and field."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise CaptureError(f"{path}: larger than {MAX_FILE_BYTES >> 20} MiB; write fewer grasps")
        told = json.loads(path.read_bytes())
    except OSError as error:
        raise CaptureError(f"{path}: cannot be read ({error.strerror}); check the path, or plan first") from error
    except (ValueError, RecursionError) as error:
        raise CaptureError(f"{path}: not valid JSON ({error}); write the grasps again") from error
    listed = told.get("grasps") if isinstance(told, dict) else told
    if not isinstance(listed, list):
        raise CaptureError(f"{path}: expected a list, or an object with `grasps`; see `srclib score --help`")
    by_plan = isinstance(told, dict) and "T_cloud_bin" in told
    T_cloud_bin = _pose(f"{path}: T_cloud_bin", told["T_cloud_bin"]) if by_plan else None
    grasps = [_grasp(f"{path}: grasps[{i}]", values, grippers, by_plan) for i, values in enumerate(listed)]
    stamp_ns = told.get("stamp_ns") if by_plan else None
    return GraspFile(path, tuple(grasps), T_cloud_bin, stamp_ns if isinstance(stamp_ns, int) else None)


def _grasp(where: str, values: Any, grippers: Mapping[str, Gripper], by_plan: bool) -> PlannedGrasp:
    if not isinstance(values, dict):
        raise CaptureError(f"{where}: expected an object with T_bin_tcp, width_m, score and gripper; see `--help`")
    name = values.get("gripper")
    if not isinstance(name, str) or name not in grippers:
        raise GripperError(f"{where}.gripper: {name!r} is none of {', '.join(grippers)}; name one of them")
    gripper = grippers[name]
    width_m = _number(where, "width_m", values.get("width_m"))
    if not 0.0 <= width_m <= gripper.widest_m + 1e-9:
        raise GripperError(
            f"{where}.width_m: {width_m:g} m, but {name} takes 0 to {gripper.widest_m} m; check the unit, or "
            "leave the grasp out"
        )
    field = "score" if "score" in values else "quality"
    part = None if by_plan else values.get("part")
    if part is not None and (isinstance(part, bool) or not isinstance(part, int)):
        raise CaptureError(f"{where}.part: {part!r}, expected an instance_id of scene.json, or nothing")
    T_bin_tcp = _pose(f"{where}.T_bin_tcp", values.get("T_bin_tcp"))
    return PlannedGrasp(T_bin_tcp, width_m, _number(where, field, values.get(field)), gripper, part)


def _number(where: str, field: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        named = "score (or quality)" if field == "quality" else field
        raise CaptureError(f"{where}.{named}: {value!r}, expected a finite number; write one")
    return float(value)


def _pose(where: str, rows: Any) -> Matrix:
    try:
        T = np.array(rows, np.float64)
    except (TypeError, ValueError, OverflowError):
        T = np.empty(0)
    if T.shape != (4, 4) or not np.isfinite(T).all():
        raise CaptureError(f"{where}: expected 4 rows of 4 finite numbers, a rigid transform in metres; write one")
    if not is_rigid(T):
        raise CaptureError(
            f"{where}: no rigid transform: its rows are to end in the position (metres), its last row to be 0 0 0 1, "
            f"and its first three columns to be unit vectors at right angles (determinant 1, here "
            f"{np.linalg.det(T[:3, :3]):.3g}); normalise the rotation, or transpose what is written by columns"
        )
    return T
