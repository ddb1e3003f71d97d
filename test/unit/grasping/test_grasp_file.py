"""Files of grasps: every kind that is read, and every field that is wrong named with its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from srclib_ros.errors import CaptureError, GripperError
from srclib_ros.grasping import grasp_file
from srclib_ros.grasping.grasp_file import GraspFile, read_grasps
from srclib_ros.grasping.gripper import load_grippers

GRIPPERS = load_grippers()


def grasp(**changes: Any) -> dict[str, Any]:
    return {"T_bin_tcp": np.eye(4).tolist(), "width_m": 0.03, "score": 0.5, "gripper": "jaw", **changes}


def read(folder: Path, told: Any) -> GraspFile:
    path = folder / "grasps.json"
    path.write_text(json.dumps(told))
    return read_grasps(path, GRIPPERS)


def test_a_list_and_an_object_are_the_same(tmp_path: Path) -> None:
    for told in ([grasp(), grasp(part=3, score=1)], {"grasps": [grasp(), grasp(part=3, score=1)], "planner": "mine"}):
        first, second = read(tmp_path, told).grasps
        assert (first.width_m, first.score, first.gripper.name, first.part) == (0.03, 0.5, "jaw", None)
        assert (second.part, second.score) == (3, 1.0)
        assert np.array_equal(first.T_bin_tcp, np.eye(4))
    assert read(tmp_path, []).grasps == ()


def test_a_plan_says_quality_and_its_parts_are_segments(tmp_path: Path) -> None:
    planned = grasp(part=2, quality=0.7, grasp_id="a", source=None)
    del planned["score"]
    file = read(tmp_path, {"grasps": [planned], "T_cloud_bin": np.eye(4).tolist(), "verdict": "ok"})
    assert (file.grasps[0].part, file.grasps[0].score) == (None, 0.7)
    assert np.array_equal(file.T_cloud_bin, np.eye(4))


@pytest.mark.parametrize(
    ("changes", "error", "named"),
    [
        ({"T_bin_tcp": None}, CaptureError, "T_bin_tcp"),
        ({"T_bin_tcp": [[1, 0], [0, 1]]}, CaptureError, "T_bin_tcp"),
        ({"T_bin_tcp": (2.0 * np.eye(4)).tolist()}, CaptureError, r"no rigid transform.*determinant 1, here 8"),
        ({"T_bin_tcp": [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0.1, 0, 0, 1]]}, CaptureError, "transpose"),
        ({"T_bin_tcp": [[float("nan")] * 4] * 4}, CaptureError, "T_bin_tcp"),
        ({"T_bin_tcp": [["a"] * 4] * 4}, CaptureError, "T_bin_tcp"),
        ({"T_bin_tcp": [[1, 2], [3]]}, CaptureError, "T_bin_tcp"),
        ({"width_m": "wide"}, CaptureError, "width_m"),
        ({"width_m": True}, CaptureError, "width_m"),
        ({"width_m": float("inf")}, CaptureError, "width_m"),
        ({"width_m": 30.0}, GripperError, r"width_m: 30 m, but jaw takes .* check the unit"),
        ({"width_m": -0.01}, GripperError, "width_m"),
        ({"score": None}, CaptureError, "score"),
        ({"score": float("nan")}, CaptureError, "score"),
        ({"gripper": "tongs"}, GripperError, "gripper: 'tongs' is none of jaw, jaw_small"),
        ({"gripper": None}, GripperError, "gripper"),
        ({"part": 1.5}, CaptureError, "part"),
        ({"part": True}, CaptureError, "part"),
    ],
)
def test_a_wrong_field_is_named_with_file_and_place(
    tmp_path: Path, changes: dict[str, Any], error: type[Exception], named: str
) -> None:
    with pytest.raises(error, match=r"grasps\.json: grasps\[1\].*" + named):
        read(tmp_path, [grasp(), grasp(**changes)])


@pytest.mark.parametrize("field", ["T_bin_tcp", "width_m", "score", "gripper"])
def test_a_missing_field_is_named(tmp_path: Path, field: str) -> None:
    lacking = grasp()
    del lacking[field]
    with pytest.raises((CaptureError, GripperError), match=rf"grasps\[0\]\.{field}"):
        read(tmp_path, [lacking])


@pytest.mark.parametrize("told", [3, "grasps", None, {"plans": []}, {"grasps": {}}])
def test_what_lists_no_grasps_is_named(tmp_path: Path, told: Any) -> None:
    with pytest.raises(CaptureError, match="expected a list"):
        read(tmp_path, told)


def test_a_grasp_that_is_no_object_is_named(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=r"grasps\[0\]: expected an object"):
        read(tmp_path, [[0.0, 1.0]])


@pytest.mark.parametrize("text", [b"{", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json_is_named(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "grasps.json").write_bytes(text)
    with pytest.raises(CaptureError, match="not valid JSON"):
        read_grasps(tmp_path / "grasps.json", GRIPPERS)


def test_files_that_cannot_be_read_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CaptureError, match="check the path"):
        read_grasps(tmp_path / "gone.json", GRIPPERS)
    with pytest.raises(CaptureError, match="check the path"):
        read_grasps(tmp_path, GRIPPERS)
    monkeypatch.setattr(grasp_file, "MAX_FILE_BYTES", 10)
    with pytest.raises(CaptureError, match="write fewer grasps"):
        read(tmp_path, [grasp()])
