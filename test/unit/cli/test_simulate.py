"""`srclib parts` and `srclib simulate`: folders that the other verbs read, and errors before any work."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from srclib_ros.captures.cloud_io import load_capture
from srclib_ros.captures.scene_folder import read_scene, scene_meshes
from srclib_ros.cli.main import main

SMALL = ["--camera", "160", "120", "150", "150", "79.5", "59.5"]


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parts")
    assert main(["parts", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


def test_scenes_hold_the_parts_that_were_asked_for(parts, tmp_path, capsys):
    command = ["simulate", str(parts), "--out", str(tmp_path), "--only", "pin", "--count", "3", "--scenes", "2"]
    assert main([*command, *SMALL, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [scene["parts"] for scene in told["scenes"]] == [3, 3]
    for scene in told["scenes"]:
        capture = load_capture(scene["folder"])
        assert capture.cloud.xyz.shape == (120, 160, 3)
        assert {part.category for part in capture.scene.parts} == {"pin"}
        assert [mesh.name for mesh in scene_meshes(Path(scene["folder"]))] == [
            part.name for part in capture.scene.parts
        ]
    first, second = (read_scene(tmp_path / f"scene_000{i}") for i in range(2))
    assert not np.array_equal(first.depth_m, second.depth_m)
    assert first.cloud.stamp_ns < second.cloud.stamp_ns


def test_the_same_seed_gives_the_same_scene(parts, tmp_path):
    for name in ("a", "b"):
        command = [
            "simulate",
            str(parts),
            "--out",
            str(tmp_path / name),
            "--only",
            "pin",
            "--count",
            "2",
            "--seed",
            "5",
        ]
        assert main([*command, *SMALL]) == 0
    a, b = (read_scene(tmp_path / name / "scene_0000") for name in ("a", "b"))
    assert np.array_equal(a.depth_m, b.depth_m)


def test_same_draws_one_kind_of_part(parts, tmp_path):
    command = ["simulate", str(parts), "--out", str(tmp_path), "--only", "pin", "--count", "3", "--same", *SMALL]
    assert main(command) == 0
    assert len({part.name for part in read_scene(tmp_path / "scene_0000").parts}) == 1


def test_a_perfect_camera_at_a_given_pose(parts, tmp_path):
    pose = ["--camera-pose", "0", "0", "0.6", "1", "0", "0", "0"]
    command = ["simulate", str(parts), "--out", str(tmp_path), "--count", "0", "--no-noise", *pose, *SMALL]
    assert main(command) == 0
    scene = read_scene(tmp_path / "scene_0000")
    assert scene.T_bin_camera[:3, 3] == pytest.approx((0.0, 0.0, 0.6))
    assert scene.depth_m[60, 80] == pytest.approx(0.6, abs=1e-4)
    assert scene.parts == ()


def test_mistakes_are_named(parts, tmp_path, capsys):
    assert main(["simulate", str(tmp_path / "gone"), "--out", str(tmp_path / "out")]) == 2
    assert "srclib parts" in capsys.readouterr().err
    assert main(["simulate", str(parts), "--out", str(tmp_path / "out"), "--only", "unicorn"]) == 2
    assert "unicorn" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_held_out_parts_are_others(tmp_path, capsys):
    assert main(["parts", str(tmp_path), "--split", "held_out", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert len(told["parts"]) >= 20
    assert {"hook", "fan", "wing_nut"} <= set(told["families"])


def test_scenes_that_are_there_are_not_mixed_with_new_ones(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "scenes" / "scene_0000").mkdir(parents=True)
    (tmp_path / "scenes" / "scene_0000" / "scene.json").write_text("{}")
    assert main(["simulate", str(tmp_path), "--out", str(tmp_path / "scenes")]) != 0
    assert "holds 1 scenes already; empty it" in capsys.readouterr().err
