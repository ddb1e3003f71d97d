"""The picking node with the pipeline and the library that ship: ROS changes nothing about the answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from std_msgs.msg import String
from support.ros_cell import BIN_POSE, Cell

from srclib_ros.config import PipelineConfig, override
from srclib_ros.geometry.pinhole import deproject
from srclib_ros.pipeline import open_pipeline
from srclib_ros.types import Camera, Cloud

CAMERA = Camera(640, 480, 615.0, 615.0, 319.5, 239.5)
FLOOR_M = 0.9


def bin_with_blocks(rng: np.random.Generator) -> Cloud:
    """A camera straight above a bin with two blocks, 30 mm and 40 mm high, and a millimetre of noise."""
    depth_m = np.full((CAMERA.height_px, CAMERA.width_px), FLOOR_M)
    depth_m[200:240, 250:330] = FLOOR_M - 0.03
    depth_m[250:280, 380:440] = FLOOR_M - 0.04
    depth_m += rng.normal(0.0, 0.0003, depth_m.shape)
    depth_m[:, :4] = 0.0
    return Cloud(deproject(depth_m, CAMERA), "camera")


def test_the_node_answers_as_the_pipeline_does(tmp_path: Path, default_library: Path, rng: np.random.Generator) -> None:
    if not (default_library / "manifest.json").is_file():
        pytest.skip("the default library has not been built")
    cloud = bin_with_blocks(rng)
    config = override(PipelineConfig(), {"bin.pose": BIN_POSE})
    expected = open_pipeline(default_library, config).plan(cloud)
    assert expected.grasps
    with Cell(tmp_path / "log.txt", {"bin.pose": BIN_POSE, "max_age_s": 60.0}, node="picking_node") as cell:
        plan = cell.wait_active().answer_to(cloud)
        poses = cell.poses_of(plan["stamp_ns"])
        assert plan["verdict"] == str(expected.verdict)
        assert len(poses.poses) == len(expected.grasps)
        for entry, grasp in zip(plan["grasps"], expected.grasps, strict=True):
            np.testing.assert_allclose(entry["T_bin_tcp"], grasp.T_bin_tcp, atol=1e-6)
            assert (entry["part"], entry["source"]) == (grasp.part, grasp.source)
        empty = cell.answer_to(replace(cloud, xyz=cloud.xyz * np.nan))
        assert empty["error"] == "EmptyCloudError"
        again = cell.answer_to(cloud)
        assert len(again["grasps"]) == len(expected.grasps)


def test_a_failed_grasp_is_not_offered_again_until_its_part_moves(
    tmp_path: Path, default_library: Path, rng: np.random.Generator
) -> None:
    if not (default_library / "manifest.json").is_file():
        pytest.skip("the default library has not been built")
    cloud = bin_with_blocks(rng)
    parameters = {"bin.pose": BIN_POSE, "max_age_s": 60.0, "grasp.retry_radius_m": 0.01}
    with Cell(tmp_path / "log.txt", parameters, node="picking_node") as cell:
        best = cell.wait_active().answer_to(cloud)["grasps"][0]
        cell.results.publish(String(data=f'{{"grasp_id": "{best["grasp_id"]}", "outcome": "failure"}}'))
        cell.spin(0.5)
        plan = cell.answer_to(cloud)
        failed_m = np.array(best["T_bin_tcp"])[:3, 3]
        offered_m = np.array([np.array(grasp["T_bin_tcp"])[:3, 3] for grasp in plan["grasps"]]).reshape(-1, 3)
        assert np.linalg.norm(offered_m - failed_m, axis=1).min(initial=1.0) >= 0.01
        assert plan["rejected"]["failed before at this place"] >= 1
