"""vision_msgs and moveit_msgs are not on PyPI: stand-ins with the same fields show what the node would publish."""

from __future__ import annotations

import sys
import types
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from geometry_msgs.msg import Pose, PoseStamped, Vector3, Vector3Stamped
from support.ros_plans import two_part_plan

from srclib_ros.ros.extras import Extras
from srclib_ros.ros.placement import Placement


class Detection3DArray(SimpleNamespace):
    def __init__(self, header: Any) -> None:
        super().__init__(header=header, detections=[])


class Detection3D(SimpleNamespace):
    def __init__(self, header: Any, id: str) -> None:
        super().__init__(header=header, id=id, results=[], bbox=SimpleNamespace(center=Pose(), size=Vector3()))


class ObjectHypothesisWithPose(SimpleNamespace):
    def __init__(self) -> None:
        super().__init__(hypothesis=SimpleNamespace(class_id="", score=0.0), pose=SimpleNamespace(pose=Pose()))


class MoveItGrasp(SimpleNamespace):
    def __init__(self, id: str, grasp_quality: float) -> None:
        approach = SimpleNamespace(direction=Vector3Stamped(), desired_distance=0.0, min_distance=0.0)
        super().__init__(id=id, grasp_quality=grasp_quality, grasp_pose=PoseStamped(), pre_grasp_approach=approach)


class Recorder:
    def __init__(self) -> None:
        self.messages: list[Any] = []

    def get_subscription_count(self) -> int:
        return 1

    def publish(self, message: Any) -> None:
        self.messages.append(message)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    for package, names in (
        ("vision_msgs", {kind.__name__: kind for kind in (Detection3DArray, Detection3D, ObjectHypothesisWithPose)}),
        ("moveit_msgs", {"Grasp": MoveItGrasp}),
    ):
        module: Any = types.ModuleType(f"{package}.msg")
        module.__dict__.update(names)
        monkeypatch.setitem(sys.modules, package, types.ModuleType(package))
        monkeypatch.setitem(sys.modules, f"{package}.msg", module)


def published(rng: np.random.Generator, grasps: int = 2) -> tuple[Any, dict[str, Recorder]]:
    topics: dict[str, Recorder] = {}

    def create(kind: Any, topic: str) -> Recorder:
        return topics.setdefault(topic, Recorder())

    plan = two_part_plan(rng, grasps)
    Extras(create).publish(plan, Placement("camera", 5))
    return plan, topics


@pytest.mark.usefixtures("installed")
def test_detections_and_the_best_grasp(rng: np.random.Generator) -> None:
    plan, topics = published(rng)
    (array,) = topics["~/detections"].messages
    first, second = array.detections
    assert first.results[0].hypothesis.class_id == "nut_m8" and second.results == []
    extent = np.ptp(plan.scene.segments[0].points_bin, axis=0)
    np.testing.assert_allclose((first.bbox.size.x, first.bbox.size.y, first.bbox.size.z), extent, atol=1e-6)
    (grasp,) = topics["~/moveit_grasp"].messages
    assert grasp.id == "g0" and grasp.grasp_pose.header.frame_id == "camera"
    direction = grasp.pre_grasp_approach.direction.vector
    approach = (plan.scene.bin.T_cloud_bin @ plan.grasps[0].T_bin_tcp)[:3, 2]
    np.testing.assert_allclose((direction.x, direction.y, direction.z), approach, atol=1e-9)


@pytest.mark.usefixtures("installed")
def test_no_grasp_is_not_published(rng: np.random.Generator) -> None:
    assert published(rng, grasps=0)[1]["~/moveit_grasp"].messages == []


def test_without_the_packages_there_are_no_topics(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("vision_msgs", "moveit_msgs"):
        monkeypatch.setitem(sys.modules, f"{package}.msg", None)
    assert published(rng)[1] == {}
