"""Average precision by hand, matching by hand, and one pile through a network that ships."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from support.grasp_parts import boxes, object_model

from srclib_ros.cli.main import main
from srclib_ros.config import PipelineConfig
from srclib_ros.geometry.transforms import make_transform
from srclib_ros.grasping.gripper import load_gripper
from srclib_ros.grasping.object_model import describe
from srclib_ros.simulation.pile_trial import PickFailure, PickOutcome
from srclib_ros.training.pose_evaluation import (
    FirstGrasps,
    PoseTally,
    average_precision,
    match,
    pose_figures,
    try_model,
)
from srclib_ros.types import ObjectPose

BLOCK = object_model(boxes(((0, 0, 0), (0.06, 0.02, 0.05))))


def at(x_m: float) -> np.ndarray:
    return make_transform(np.eye(3), [x_m, 0.0, 0.0])


def pose(x_m: float, score: float) -> ObjectPose:
    return ObjectPose(1, BLOCK.name, at(x_m), 1.0, score, 1.0, np.zeros(len(BLOCK.candidates)), 0.0)


def test_average_precision_by_hand() -> None:
    """Right, wrong, right of three instances: precision 1 up to recall 1/3, then 2/3 up to 2/3."""
    right = np.array([True, False, True])
    assert average_precision(np.array([0.9, 0.8, 0.7]), right, 3) == pytest.approx((1.0 + 2 / 3) / 3)
    assert average_precision(np.array([0.7, 0.9, 0.8]), right, 3) == pytest.approx(2 * (2 / 3) / 3)
    assert average_precision(np.zeros(0), np.zeros(0, bool), 3) == 0.0
    assert average_precision(np.ones(1), np.ones(1, bool), 0) is None


def test_a_second_pose_of_one_instance_is_wrong_and_one_of_a_hidden_instance_counts_not_at_all() -> None:
    tally = PoseTally()
    poses = [pose(0.0, 0.9), pose(0.001, 0.8), pose(0.5, 0.7), pose(2.0, 0.6)]
    match(poses, np.array([at(0.0), at(0.5), at(1.0)]), np.float32([0.9, 0.3, 0.8]), BLOCK, tally)
    (found,) = tally.detections
    assert found.right.tolist() == [True, False, False, False]
    assert found.counts.tolist() == [True, True, False, True]
    assert found.required.tolist() == [True, False, True]
    assert tally.adds == pytest.approx([0.0])
    figures = pose_figures(tally)
    assert (figures.instances, figures.recall, figures.ap) == (2, 0.5, 0.5)
    assert (figures.adds_05, figures.rotation_median_deg) == (0.5, pytest.approx(0.0, abs=1e-3))
    assert (figures.grasp_top1_success, figures.coverage) == (None, None)


def test_what_touches_on_hidden_instances_counts_not_at_all() -> None:
    """Two poses of a hidden instance, and one between a hidden and a required one, nearer to the hidden."""
    tally = PoseTally()
    between = 0.002
    poses = [pose(0.5, 0.9), pose(0.501, 0.8), pose(between, 0.7)]
    truth = np.array([at(0.004), at(0.5), at(0.0)])
    match(poses, truth, np.float32([0.9, 0.2, 0.2]), BLOCK, tally)
    (found,) = tally.detections
    assert found.counts.tolist() == [False, False, True]
    assert found.right.tolist() == [False, False, True]
    assert pose_figures(tally).ap == 1.0


def test_nothing_measured_is_no_zero_and_a_right_refusal_no_failure() -> None:
    none = pose_figures(PoseTally(piles_failed=3))
    assert (none.ap, none.recall, none.adds_05, none.grasp_top1_success, none.coverage) == (None,) * 5
    first = FirstGrasps([PickOutcome(None), PickOutcome(PickFailure.MISSED), None], refused_rightly=1)
    tally = PoseTally(first=first)
    figures = pose_figures(tally)
    assert figures.grasp_top1_success == pytest.approx(1 / 3)
    assert figures.coverage == pytest.approx(2 / 4)
    diverged = pose_figures(PoseTally(first=FirstGrasps([PickOutcome(PickFailure.DIVERGED)])))
    assert (diverged.grasp_top1_success, diverged.coverage) == (None, 1.0)


@pytest.mark.parametrize("name", ["jaw", "suction"])
def test_the_first_grasp_of_any_gripper_is_tried(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One block on the floor, its pose known: both kinds of gripper hold it."""
    pytest.importorskip("mujoco")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    block, gripper = boxes(((0, 0, 0), (0.06, 0.03, 0.03))), load_gripper(name)
    lies = make_transform(np.eye(3), [0.0, 0.0, 0.015])
    part = describe(block, gripper, np.random.default_rng(0), 12)

    class Model:
        object = part

        def detect(self, scene, segments, scale, config):  # type: ignore[no-untyped-def]
            quality = part.candidates.quality
            return [ObjectPose(found.label, part.name, lies, 1.0, 0.9, 1.0, quality, 0.0) for found in segments]

    monkeypatch.setattr("srclib_ros.training.part_piles.copies_in_bin", lambda mesh: 1)
    monkeypatch.setattr("srclib_ros.simulation.pile.BinPhysics.drop", lambda physics, rng: [(0, lies)])
    tally = try_model(block, Model(), gripper, 1, np.random.default_rng(1), PipelineConfig())  # type: ignore[arg-type]
    assert [outcome is not None and outcome.success for outcome in tally.first.outcomes] == [True]
    assert tally.adds == pytest.approx([0.0], abs=1e-3)


def test_one_pile_through_the_network_that_ships(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("mujoco")
    main(["parts", str(tmp_path / "parts")])
    capsys.readouterr()
    arguments = ["--parts", str(tmp_path / "parts"), "--piles", "1", "--limit", "1", "--json"]
    assert main(["evaluate", "pose", *arguments]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) >= {"ap", "adds_05", "rotation_median_deg", "grasp_top1_success", "coverage", "objects"}
    assert found["objects"]["bearing_block_85"]["instances"] > 3
    assert found["ap"] > 0.2


def test_a_network_of_another_mesh_of_that_name_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["parts", str(tmp_path / "parts")])
    ring = next((tmp_path / "parts").rglob("ring_50x65x7.stl"))
    (tmp_path / "mine").mkdir()
    shutil.copy(ring, tmp_path / "mine" / "bearing_block_85.stl")
    capsys.readouterr()
    assert main(["evaluate", "pose", "--parts", str(tmp_path / "mine"), "--unit", "mm"]) != 0
    assert "another mesh than bearing_block_85" in capsys.readouterr().err


def test_parts_without_a_network_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["parts", str(tmp_path / "parts"), "--split", "held_out"])
    assert main(["evaluate", "pose", "--parts", str(tmp_path / "parts")]) != 0
    assert "srclib onboard" in capsys.readouterr().err
