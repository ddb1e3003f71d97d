from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.ros_plans import two_part_plan

from srclib_ros.errors import EmptyCloudError
from srclib_ros.grasping.gripper import load_grippers
from srclib_ros.ros.convert import make_header
from srclib_ros.ros.outputs import Outputs
from srclib_ros.ros.placement import Placement
from srclib_ros.ros.planner import NetworkId, Provenance

MADE_WITH = Provenance("lib", "v1", {"nut_m8": NetworkId("1.2.3", "c0ffee")}, load_grippers()["jaw"], 0.002)


class Recorder:
    """A node whose publishers, all of them listened to, note down what goes out: topic and message."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Any]] = []

    def create_lifecycle_publisher(self, kind: Any, topic: str, qos: Any) -> Any:
        return RecordingPublisher(self, topic)


class RecordingPublisher:
    def __init__(self, node: Recorder, topic: str) -> None:
        self.node, self.topic = node, topic

    def get_subscription_count(self) -> int:
        return 1

    def publish(self, message: Any) -> None:
        self.node.sent.append((self.topic, message))


def test_the_poses_go_out_first_and_the_pictures_last(rng: np.random.Generator) -> None:
    node = Recorder()
    Outputs(node).publish(two_part_plan(rng), Placement("base", 123), MADE_WITH)  # type: ignore[arg-type]
    order = [topic for topic, _ in node.sent][:6]
    assert order == [
        f"~/{t}" for t in ("grasp_poses", "best_grasp", "grasp_plan", "selected_model", "segments", "markers")
    ]


def test_an_answer_that_cannot_be_told_whole_is_not_told_in_part(rng: np.random.Generator) -> None:
    node = Recorder()
    plan = replace(two_part_plan(rng), stages_ms={"segment": math.nan})
    with pytest.raises(ValueError, match="JSON"):
        Outputs(node).publish(plan, Placement("base", 123), MADE_WITH)  # type: ignore[arg-type]
    assert node.sent == []


@pytest.mark.parametrize(("target_frame", "frame_id"), [("base", "base"), ("", "camera")])
def test_a_refusal_is_told_where_grasps_would_have_been(target_frame: str, frame_id: str) -> None:
    node = Recorder()
    Outputs(node).refuse(make_header("camera", 77), target_frame, EmptyCloudError("nothing"))  # type: ignore[arg-type]
    sent = dict(node.sent)
    assert sent["~/grasp_poses"].header == make_header(frame_id, 77) and not sent["~/grasp_poses"].poses
    assert json.loads(sent["~/grasp_plan"].data)["frame_id"] == frame_id
    model = json.loads(sent["~/selected_model"].data)
    assert (model["source"], model["error"], model["why"]) == (None, "EmptyCloudError", "nothing")
