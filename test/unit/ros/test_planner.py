from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support import fake_pipeline
from support.ros_cell import BIN_POSE, part_cloud, write_fake_library

from srclib_ros.config import BinConfig, PipelineConfig
from srclib_ros.errors import ArtifactMissingError
from srclib_ros.ros import planner as module
from srclib_ros.ros.planner import Planner

CONFIG = PipelineConfig(bin=BinConfig(pose=BIN_POSE))
SOURCE = "hex_bolt_m8x40"


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "open_pipeline", fake_pipeline.open_pipeline)


def test_a_plan_is_credited_to_the_library_that_made_it(tmp_path: Path) -> None:
    first, second = write_fake_library(tmp_path / "a", "v1"), write_fake_library(tmp_path / "b", "v2")
    planner = Planner(str(first), CONFIG)
    _, before = planner.plan(part_cloud(), CONFIG, None)
    planner.reload(str(second), CONFIG)
    _, after = planner.plan(part_cloud(), CONFIG, None)
    assert (before.library_version, after.library_version) == ("v1", "v2")
    assert before.networks[SOURCE].version == "1.2.3"
    assert before.networks[SOURCE].hash != after.networks[SOURCE].hash
    assert before.gripper.name == "jaw" and before.clearance_m == CONFIG.grasp.clearance_m


def test_a_networks_manifest_is_read_once(tmp_path: Path) -> None:
    folder = write_fake_library(tmp_path / "library")
    planner = Planner(str(folder), CONFIG)
    _, before = planner.plan(part_cloud(), CONFIG, None)
    shutil.rmtree(folder)
    _, after = planner.plan(part_cloud(), CONFIG, None)
    assert after.networks == before.networks


def test_a_manifest_that_has_gone_is_named(tmp_path: Path) -> None:
    folder = write_fake_library(tmp_path / "library")
    planner = Planner(str(folder), CONFIG)
    shutil.rmtree(folder)
    with pytest.raises(ArtifactMissingError):
        planner.plan(part_cloud(), CONFIG, None)
