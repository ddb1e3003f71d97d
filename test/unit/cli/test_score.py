"""`srclib score`: grasps known to hold and to fail on a small scene, a plan from end to end, and mistakes by name."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("mujoco")

from support.grasp_parts import boxes

from srclib_ros.artifact import seal
from srclib_ros.captures.scene_folder import MESHES, read_scene, write_scene
from srclib_ros.cli.main import main
from srclib_ros.geometry.transforms import look_at
from srclib_ros.simulation.cell import film

BAR = boxes(((0, 0, 0), (0.08, 0.03, 0.03)))
ABOVE = look_at((0.0, 0.0, 0.6), (0.0, 0.0, 0.0), up=(0.0, 1.0, 0.0))


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


def at(x: float, y: float, z: float) -> np.ndarray:
    T = np.eye(4)
    T[:3, 3] = x, y, z
    return T


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two scenes with two bars each, well apart; one lies on the origin, the other at x = 0.12."""
    folder = tmp_path_factory.mktemp("scenes")
    for number in range(2):
        placed = [(BAR, at(0, 0, 0.015)), (BAR, at(0.12, 0.05, 0.015))]
        scene = film(placed, rng=np.random.default_rng(number), T_bin_camera=ABOVE)
        write_scene(folder / f"scene_000{number}", scene)
    return folder


def grasp(x: float = 0.0, y: float = 0.0, width_m: float = 0.03, **more: Any) -> dict[str, Any]:
    T = at(x, y, 0.004) @ np.diag((1.0, -1.0, -1.0, 1.0))
    return {"T_bin_tcp": T.tolist(), "width_m": width_m, "score": 0.5, "gripper": "jaw"} | more


def write(path: Path, told: Any) -> str:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(told))
    return str(path)


def test_grasps_are_judged_one_by_one(scenes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = [grasp(part=1), grasp(0.12, 0.05), grasp(-0.12, -0.05), grasp(width_m=0.02), grasp(part=2)]
    assert main(["score", str(scenes / "scene_0000"), write(tmp_path / "g.json", told), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["success"] == pytest.approx(2 / 5)
    assert (result["precision_at_1"], result["precision_at_10"]) == (1.0, pytest.approx(2 / 5))
    assert (result["coverage"], result["scenes"], result["grasps"], result["top"]) == (1.0, 1, 5, 10)
    assert result["success_ci95"] is None
    assert result["failures"] == {
        "the hand closed on nothing": 1,
        "the hand hits the part itself on its way in": 1,
        "another part than the one meant": 1,
    }
    assert {"seed", "version", "versions", "threads", "machine", "settings"} <= set(result)
    first, second, _, inside, wrong = result["per_scene"][0]["grasps"]
    assert (first["success"], first["part"], first["lifted"]) == (True, 1, [1])
    assert (second["success"], second["part"], second["lifted"]) == (True, 2, [2])
    assert (inside["hit"], inside["slip_m"]) == (1, None)
    assert (wrong["part"], wrong["success"]) == (1, False)
    assert np.array(first["T_tcp_held"]).shape == (4, 4)
    assert first["slip_m"] < 1e-3


def test_failures_are_told_one_by_one(scenes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    grasps = write(tmp_path / "g.json", [grasp(part=2), grasp(0.12, 0.05, part=1), grasp(0.5)])
    main(["score", str(scenes / "scene_0000"), grasps])
    told = capsys.readouterr().out
    assert "scene_0000 grasp 1: another part than the one meant (part 1)" in told
    assert "leave it out" in told


def test_a_folder_of_scenes_takes_a_folder_of_grasps(
    scenes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "scene_0000.json", {"grasps": [grasp(), grasp(width_m=0.02)]})
    write(tmp_path / "scene_0001.json", [])
    assert main(["score", str(scenes), str(tmp_path), "--json", "--top", "1"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["success"], result["precision_at_1"], result["precision_at_10"]) == (1.0, 0.5, None)
    assert (result["coverage"], result["grasps"]) == (0.5, 1)
    assert [scene["offered"] for scene in result["per_scene"]] == [2, 0]
    assert main(["score", str(scenes), str(tmp_path)]) == 0
    table = capsys.readouterr().out
    assert "scene_0001        0      0        0  no grasp" in table
    assert "precision at 1 0.50, at 10 0.25; coverage 0.50 of 2 scenes" in table
    assert "1  the hand hits the part itself on its way in" in table
    assert "seed 0" in table


def test_no_grasp_at_all_is_told_by_the_status(
    scenes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["score", str(scenes / "scene_0000"), write(tmp_path / "g.json", []), "--json"]) == 1
    result = json.loads(capsys.readouterr().out)
    assert (result["success"], result["precision_at_1"], result["coverage"]) == (None, 0.0, 0.0)


def test_a_plan_is_scored_as_it_is_printed(scenes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene = str(scenes / "scene_0000")
    assert main(["plan", scene, "--json"]) == 0
    path = tmp_path / "plan.json"
    path.write_text(capsys.readouterr().out)
    assert main(["score", scene, str(path), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["grasps"] > 0
    assert result["precision_at_1"] == 1.0
    told = json.loads(path.read_text())
    path.write_text(json.dumps(told | {"stamp_ns": told["stamp_ns"] + 1, "grasps": []}))
    assert main(["score", scene, str(path), "--json"]) == 1
    assert "is it that scene's plan?" in capsys.readouterr().err


def test_a_plan_in_another_bin_frame_is_brought_to_the_scenes(
    scenes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = scenes / "scene_0000"
    shifted = at(0.0, 0.02, 0.0)  # of the planner's bin in the scene's
    T_cloud_bin = read_scene(folder).bin.T_cloud_bin @ shifted
    told = {"grasps": [grasp(y=-0.02)], "T_cloud_bin": T_cloud_bin.tolist()}
    assert main(["score", str(folder), write(tmp_path / "g.json", told), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["success"] == 1.0


def test_mistakes_are_named(scenes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene, file = str(scenes / "scene_0000"), write(tmp_path / "grasps" / "scene_0000.json", [grasp(part=7)])

    def error(*command: str) -> str:
        assert main(["score", *command]) == 2
        return capsys.readouterr().err

    assert "scene_0000.json: grasps[0].part: 7 is no instance_id" in error(scene, file)
    elsewhere = {
        "grasps": [],
        "T_cloud_bin": (read_scene(scenes / "scene_0000").bin.T_cloud_bin @ at(0, 0.06, 0)).tolist(),
    }
    assert "planned on another scene" in error(scene, write(tmp_path / "elsewhere.json", elsewhere))
    assert "scene_0001.json: not there" in error(str(scenes), str(tmp_path / "grasps"))
    assert "name a folder" in error(str(scenes), file)
    assert "name the file" in error(scene, str(tmp_path / "grasps"))
    assert "check the path" in error(scene, str(tmp_path / "gone.json"))
    assert "srclib simulate" in error(str(tmp_path), file)
    old = tmp_path / "old"
    shutil.copytree(scene, old)
    (old / MESHES).unlink()
    seal(old, "scene", 1, {})
    assert "holds no meshes" in error(str(old), write(tmp_path / "g.json", [grasp()]))


def test_cups_and_jaws_are_judged_side_by_side(
    scenes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bar is 30 mm wide and high: the cup of 20 mm sits on its middle, and not 6 mm beside it."""
    pytest.importorskip("open3d")

    def cup(y: float) -> dict[str, Any]:
        T = at(0.0, y, 0.03) @ np.diag((1.0, -1.0, -1.0, 1.0))
        return grasp(width_m=0.0, gripper="suction", T_bin_tcp=T.tolist())

    told = [cup(0.0), grasp(), cup(0.006)]
    assert main(["score", str(scenes / "scene_0000"), write(tmp_path / "g.json", told), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["failures"] == {"the lip does not seal": 1}
    on_top, between, beside = result["per_scene"][0]["grasps"]
    assert (on_top["success"], on_top["lifted"], on_top["gripper"]) == (True, [1], "suction")
    assert (between["success"], between["gripper"], between["leak"]) == (True, "jaw", None)
    assert (beside["part"], beside["leak"]) == (1, "the lip reaches over the edge or a hole")


@pytest.mark.parametrize(
    ("told", "named"),
    [
        (grasp(x=33.0), r"grasps\[0\].T_bin_tcp: 33 m from the bin's floor"),
        (grasp(gripper="suction"), r"grasps\[0\].width_m: 0.03 m, but suction takes 0 to 0"),
    ],
)
def test_grasps_that_cannot_be_tried_are_named(
    scenes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], told: dict[str, Any], named: str
) -> None:

    assert main(["score", str(scenes / "scene_0000"), write(tmp_path / "g.json", [told])]) != 0
    assert re.search(named, capsys.readouterr().err)
