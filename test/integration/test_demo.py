"""The demo as it ships: physics, bag, two real nodes over Fast DDS, a table, pictures."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("rclpy")
pytest.importorskip("mujoco")


def demo(out: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "srclib_ros.cli.main", "demo", "--out", str(out), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=110)


def test_the_demo_publishes_grasps_and_draws_them(tmp_path: Path) -> None:
    done = demo(tmp_path, "--scenes", "1", "--count", "6")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 of 1 scenes answered over ROS" in done.stdout
    assert "lies there" in done.stdout
    assert (tmp_path / "scene_1.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "bag" / "metadata.yaml").is_file()
    assert json.loads((tmp_path / "plan_1.json").read_text())["grasps"]


def test_a_library_that_is_not_there_is_a_named_error(tmp_path: Path) -> None:
    done = demo(tmp_path, "--library", str(tmp_path / "gone"))
    assert done.returncode == 2
    assert done.stderr.startswith("ArtifactMissingError: ")
