from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from support.ros_plans import two_part_plan

from srclib_ros.errors import EmptyCloudError
from srclib_ros.geometry.transforms import invert, make_transform, pose7_to_matrix, random_rotation
from srclib_ros.grasping.gripper import load_grippers
from srclib_ros.ros.answer import best_grasp, grasp_poses, model_record, plan_record, refusal_record, to_string
from srclib_ros.ros.convert import make_header
from srclib_ros.ros.placement import Placement
from srclib_ros.ros.planner import NetworkId, Provenance


def as_matrix(pose: Any) -> Any:
    p, q = pose.position, pose.orientation
    return pose7_to_matrix((p.x, p.y, p.z, q.x, q.y, q.z, q.w))


MADE_WITH = Provenance("lib", "v1", {"nut_m8": NetworkId("1.2.3", "c0ffee")}, load_grippers()["jaw"], 0.002)


@pytest.fixture
def placement(rng: np.random.Generator) -> Placement:
    T_base_camera = make_transform(random_rotation(rng), rng.uniform(-1, 1, 3))
    T_tcp_tool = make_transform(random_rotation(rng), rng.uniform(-0.1, 0.1, 3))
    return Placement("base", 123, T_base_camera, T_tcp_tool)


def test_poses_are_the_chain_of_frames_best_first(rng: np.random.Generator, placement: Placement) -> None:
    plan = two_part_plan(rng)
    message = grasp_poses(plan, placement)
    assert message.header.frame_id == "base" and message.header.stamp.nanosec == 123
    assert len(message.poses) == 3
    for pose, grasp in zip(message.poses, plan.grasps, strict=True):
        T_base_tcp = placement.T_frame_cloud @ plan.scene.bin.T_cloud_bin @ grasp.T_bin_tcp
        np.testing.assert_allclose(as_matrix(pose), T_base_tcp @ placement.T_tcp_tool, atol=1e-9)
    best = best_grasp(plan, placement)
    assert best is not None and best.pose == message.poses[0] and best.header == message.header


def test_the_tool_transform_maps_the_tcp_into_the_tool(rng: np.random.Generator, placement: Placement) -> None:
    """T_base_tool @ tool_T_tcp gives back the TCP, whatever the tool's own axes are."""
    plan = two_part_plan(rng, 1)
    tool_T_tcp = invert(placement.T_tcp_tool)
    T_base_tool = as_matrix(grasp_poses(plan, placement).poses[0])
    expected = placement.T_frame_bin(plan) @ plan.grasps[0].T_bin_tcp
    np.testing.assert_allclose(T_base_tool @ tool_T_tcp, expected, atol=1e-9)


def test_no_grasp_is_an_empty_array_and_no_best(rng: np.random.Generator, placement: Placement) -> None:
    plan = two_part_plan(rng, 0)
    assert list(grasp_poses(plan, placement).poses) == []
    assert best_grasp(plan, placement) is None
    record = model_record(plan_record(plan, placement), MADE_WITH)
    assert record["source"] == "nut_m8"


def test_the_record_runs_in_the_order_of_the_poses(rng: np.random.Generator, placement: Placement) -> None:
    plan = two_part_plan(rng)
    record = json.loads(to_string(plan_record(plan, placement)).data)
    assert record["frame_id"] == "base" and record["cloud_frame_id"] == "camera" and record["stamp_ns"] == 123
    assert [grasp["grasp_id"] for grasp in record["grasps"]] == ["g0", "g1", "g2"]
    assert record["rejected"] == {"wider than the gripper opens": 1}
    for entry, pose in zip(record["grasps"], grasp_poses(plan, placement).poses, strict=True):
        np.testing.assert_allclose(pose7_to_matrix(entry["pose"]), as_matrix(pose), atol=1e-6)
        assert {"gripper", "pregrasp_pose", "width_m", "quality", "part", "source"} <= set(entry)


def test_the_model_of_the_best_grasp_stands_first(rng: np.random.Generator, placement: Placement) -> None:
    record = model_record(plan_record(two_part_plan(rng), placement), MADE_WITH)
    assert (record["source"], record["cluster"], record["similarity"]) == ("nut_m8", 4, 0.9)
    assert record["network"] == {"version": "1.2.3", "hash": "c0ffee"} == record["networks"]["nut_m8"]
    assert record["error"] is None
    assert record["library"] == {"name": "lib", "version": "v1"}
    assert [part["source"] for part in record["parts"]] == ["nut_m8", None]
    assert record["parts"][1]["why"] == "below the threshold"


def test_a_refusal_has_the_keys_of_a_plan_and_names_the_error(rng: np.random.Generator, placement: Placement) -> None:
    refusal = refusal_record(make_header("base", 77), "camera", EmptyCloudError("nothing there"))
    assert (refusal["verdict"], refusal["error"], refusal["why"]) == ("error", "EmptyCloudError", "nothing there")
    assert refusal["grasps"] == [] and refusal["stamp_ns"] == 77
    assert (refusal["frame_id"], refusal["cloud_frame_id"]) == ("base", "camera")
    plan = plan_record(two_part_plan(rng), placement)
    assert set(plan) - {"T_cloud_bin"} <= set(refusal)


def test_after_a_refusal_no_model_answers_and_the_record_says_why(
    rng: np.random.Generator, placement: Placement
) -> None:
    refusal = refusal_record(make_header("base", 77), "camera", EmptyCloudError("nothing there"))
    record = model_record(refusal, None)
    assert (record["error"], record["why"], record["stamp_ns"]) == ("EmptyCloudError", "nothing there", 77)
    assert record["source"] is record["network"] is record["library"] is None and record["parts"] == []
    assert set(record) == set(model_record(plan_record(two_part_plan(rng), placement), MADE_WITH))
