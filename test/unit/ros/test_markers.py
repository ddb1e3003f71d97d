from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from support.ros_plans import two_part_plan
from visualization_msgs.msg import Marker

from srclib_ros.grasping.gripper import load_grippers
from srclib_ros.ros.markers import plan_markers
from srclib_ros.ros.placement import Placement

JAW = load_grippers()["jaw"]
CLEARANCE_M = 0.002


def test_bin_parts_labels_and_grippers_are_drawn(rng: np.random.Generator) -> None:
    plan = two_part_plan(rng)
    markers = plan_markers(plan, JAW, Placement("camera", 5), CLEARANCE_M).markers
    assert markers[0].action == Marker.DELETEALL
    drawn = Counter(marker.ns for marker in markers[1:])
    assert drawn == {"bin": 1, "parts": 2, "labels": 2, "grasps": 3, "best_grasp": 3}
    assert len({(marker.ns, marker.id) for marker in markers[1:]}) == len(markers) - 1
    assert {marker.header.frame_id for marker in markers} == {"camera"}
    assert all(marker.color.a > 0 for marker in markers[1:])


def test_labels_say_who_answers(rng: np.random.Generator) -> None:
    markers = plan_markers(two_part_plan(rng), JAW, Placement("camera", 5), CLEARANCE_M).markers
    assert [marker.text for marker in markers if marker.ns == "labels"] == ["1: nut_m8 0.90", "2: model-free"]


def test_labels_say_what_is_doubtful(rng: np.random.Generator) -> None:
    plan = two_part_plan(rng)
    torn = replace(plan, matches=(plan.matches[0], replace(plan.matches[1], doubtful=True)))
    markers = plan_markers(torn, JAW, Placement("camera", 5), CLEARANCE_M).markers
    assert "2: model-free, doubtful" in [marker.text for marker in markers]


def test_the_bin_has_twelve_edges_of_its_size(rng: np.random.Generator) -> None:
    markers = plan_markers(two_part_plan(rng), JAW, Placement("camera", 5), CLEARANCE_M).markers
    edges = next(marker for marker in markers if marker.ns == "bin").points
    ends = np.array([(point.x, point.y, point.z) for point in edges]).reshape(12, 2, 3)
    lengths = Counter(np.round(np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1), 6).tolist())
    assert lengths == {0.3: 4, 0.2: 4, 0.1: 4}


def test_the_solid_gripper_stands_where_its_boxes_are(rng: np.random.Generator) -> None:
    plan = two_part_plan(rng)
    markers = plan_markers(plan, JAW, Placement("camera", 5), CLEARANCE_M).markers
    left, right, palm = (marker for marker in markers if marker.ns == "best_grasp")
    np.testing.assert_allclose((palm.scale.x, palm.scale.y, palm.scale.z), JAW.palm_size_m, atol=1e-9)
    low, high = JAW.boxes_tcp(plan.grasps[0].width_m)[2]
    centre = plan.scene.bin.T_cloud_bin @ plan.grasps[0].T_bin_tcp @ np.append((low + high) / 2, 1.0)
    position = palm.pose.position
    np.testing.assert_allclose((position.x, position.y, position.z), centre[:3], atol=1e-9)
    ends = [np.array((m.pose.position.x, m.pose.position.y, m.pose.position.z)) for m in (left, right)]
    apart = plan.grasps[0].width_m + 2 * CLEARANCE_M + JAW.finger_thickness_m
    assert np.linalg.norm(ends[0] - ends[1]) == pytest.approx(apart)


def test_a_cup_is_drawn_as_a_funnel_and_solid(rng: np.random.Generator) -> None:
    cup = load_grippers()["suction"]
    markers = plan_markers(two_part_plan(rng), cup, Placement("camera", 5), CLEARANCE_M).markers
    assert sum(marker.ns == "best_grasp" for marker in markers) == 5
    lines = next(marker for marker in markers if marker.ns == "grasps").points
    assert len(lines) % 2 == 0
    lip = [point for point in lines if point.z == 0]
    assert all(np.hypot(point.x, point.y) == pytest.approx(cup.radius_m) for point in lip)
