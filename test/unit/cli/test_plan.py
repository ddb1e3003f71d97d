"""`srclib plan` with the library that ships, on a box that lies on a floor."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from srclib_ros.cli.main import main
from srclib_ros.cli.plan import with_bin_of_capture
from srclib_ros.config import PipelineConfig, override
from srclib_ros.types import Bin


@pytest.fixture(scope="module")
def box_on_a_floor(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An organised cloud from a camera 0.6 m above a floor, with a box of 60 x 30 x 25 mm on it."""
    rng = np.random.default_rng(0)
    u, v = np.meshgrid(np.arange(320) - 159.5, np.arange(240) - 119.5)
    rays = np.stack((u / 300.0, v / 300.0, np.ones_like(u)), axis=-1)
    top = rays * 0.575
    on_top = (abs(top[..., 0]) < 0.03) & (abs(top[..., 1]) < 0.015)
    xyz = np.where(on_top[..., None], top, rays * 0.6) + rng.normal(0, 2e-4, (240, 320, 1)) * rays
    path = tmp_path_factory.mktemp("capture") / "box.npz"
    np.savez(path, xyz=xyz.astype(np.float32))
    return path


def plan(path: Path, *options: str) -> int:
    return main(["plan", str(path), "--bin-mode", "plane", *options])


def test_the_json_keeps_its_keys(box_on_a_floor: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = plan(box_on_a_floor, "--json")
    told = json.loads(capsys.readouterr().out)
    assert status == (0 if told["grasps"] else 1)
    assert {"grasps", "parts", "rejected", "verdict"} <= set(told)
    assert len(told["parts"]) == 1
    for grasp in told["grasps"]:
        assert np.array(grasp["T_bin_tcp"]).shape == (4, 4)
        assert {"width_m", "quality", "part", "source"} <= set(grasp)


def test_it_is_told_as_a_table_and_drawn(
    box_on_a_floor: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "plan.png"
    plan(box_on_a_floor, "--out", str(picture))
    told = capsys.readouterr().out
    assert "answered by" in told
    assert "1 parts" in told
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_limit_on_the_command_line_reaches_the_plan(box_on_a_floor: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert plan(box_on_a_floor, "--json", "--grasp-min-quality", "1") == 1
    assert json.loads(capsys.readouterr().out)["grasps"] == []


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (["--library", "nowhere"], "ArtifactMissingError"),
        (["--grasp-gripper", "tongs"], "GripperError"),
        (["--grasp-max-grasps", "0"], "ConfigError"),
    ],
)
def test_errors_are_named(
    box_on_a_floor: Path, capsys: pytest.CaptureFixture[str], options: list[str], error: str
) -> None:
    assert plan(box_on_a_floor, *options) == 2
    assert capsys.readouterr().err.startswith(f"{error}: ")


def test_a_capture_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert plan(tmp_path / "gone.pcd") == 2
    assert capsys.readouterr().err.startswith("CaptureError: ")


@pytest.mark.parametrize(
    ("given", "height_m", "mode", "size_m"),
    [
        ({}, 0.1, "bin", (0.5, 0.4, 0.1)),
        ({}, 0.0, "plane", (0.5, 0.4, 0.0)),
        ({"bin.mode": "plane"}, 0.1, "plane", (0.5, 0.4, 0.1)),
        ({"bin.size_m": (0.2, 0.2, 0.0)}, 0.1, "bin", (0.2, 0.2, 0.0)),
        ({"bin.mode": "plane", "bin.size_m": (0.2, 0.2, 0.0)}, 0.1, "plane", (0.2, 0.2, 0.0)),
    ],
)
def test_a_scene_gives_only_what_the_user_did_not(
    given: dict[str, Any], height_m: float, mode: str, size_m: tuple[float, ...]
) -> None:
    of_scene = Bin(np.eye(4), (0.5, 0.4, height_m))
    config = with_bin_of_capture(override(PipelineConfig(), given), of_scene, given)
    assert (config.bin.mode, config.bin.size_m) == (mode, size_m)
