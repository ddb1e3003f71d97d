"""What the pipeline decides beside its stages: the verdict, held selections, who is looked at."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from support.height_field_scenes import block, grid, scene_of, turned

from srclib_ros.config import GraspConfig
from srclib_ros.geometry.grasp_frame import pregrasp, tcp_pose
from srclib_ros.grasping.failed_grasps import FailedGrasps
from srclib_ros.grasping.gripper import load_gripper
from srclib_ros.pipeline import _add_model_free, _HeldSelection, _Judged, _verdict
from srclib_ros.plan_json import plan_to_json
from srclib_ros.types import (
    Bin,
    Cloud,
    Grasp,
    GraspPlan,
    Match,
    Neighbour,
    ObjectPose,
    RejectedGrasp,
    RejectReason,
    Scene,
    Segment,
    Verdict,
)


def scene_with_parts_at(*centroids_m: tuple[float, float, float]) -> Scene:
    segments = tuple(
        Segment(
            label=label,
            indices=np.arange(4),
            points_bin=np.tile(np.float32(centroid), (4, 1)),
            normals_bin=np.tile(np.float32([0, 0, 1]), (4, 1)),
        )
        for label, centroid in enumerate(centroids_m, start=1)
    )
    empty = np.zeros((0, 3), np.float32)
    located = Bin(np.eye(4), (0.3, 0.2, 0.1))
    labels = np.zeros(0, np.int32)
    return Scene(Cloud(empty), located, empty, empty, labels, labels.astype(bool), segments)


def grasp_at(position_m: tuple[float, float, float], part: int, grasp_id: str, source: str | None = "bolt") -> Grasp:
    T_bin_tcp = np.eye(4)
    T_bin_tcp[:3, 3] = position_m
    return Grasp(T_bin_tcp, T_bin_tcp, 0.02, 0.9, "jaw", part, source, grasp_id=grasp_id)


def match_of(segment: int, source: str | None = "bolt") -> Match:
    return Match(segment, (Neighbour("bolt_m8", 2, 0.8, 0.2),), source, 1.0, False, source is not None, "near")


def test_no_segments_is_an_empty_bin() -> None:
    assert _verdict(scene_with_parts_at(), [], [], [])[0] is Verdict.EMPTY_BIN


def test_nothing_graspable_names_the_reasons() -> None:
    rejected = [RejectedGrasp(grasp_at((0, 0, 0), 1, "a"), RejectReason.HITS_BIN)]
    verdict, why = _verdict(scene_with_parts_at((0, 0, 0)), [match_of(1)], [], rejected)
    assert verdict is Verdict.NOTHING_GRASPABLE
    assert str(RejectReason.HITS_BIN) in why


def test_refused_parts_without_a_grasp_are_no_suitable_source() -> None:
    verdict, why = _verdict(scene_with_parts_at((0, 0, 0)), [match_of(1, None)], [], [])
    assert verdict is Verdict.NO_SUITABLE_SOURCE
    assert why


def test_a_part_is_answered_by_a_grasp_that_nothing_speaks_against() -> None:
    x, y = grid()
    scene = scene_of(x, y, [block(*turned(x, y, (at, 0.0), 0.0), (0.06, 0.03, 0.025)) for at in (-0.08, 0.08)])
    down, across = np.array((0, 0, -1)), np.array((0, 1, 0))
    left, right = (tcp_pose(np.array((at, 0, 0.01)), down, across) for at in (-0.08, 0.08))
    judged = _Judged(scene, load_gripper("jaw"), GraspConfig(), FailedGrasps())
    judged.add([Grasp(left, pregrasp(left, 0.1), 0.03, 0.9, "jaw", 1, "bolt")])
    judged.add([Grasp(right, pregrasp(right, 0.1), 0.2, 0.9, "jaw", 2, "bolt")])
    assert judged.answered() == judged.answered(0.9) == {1}
    assert judged.answered(0.95) == set()
    assert judged.reasons == [None, RejectReason.TOO_WIDE]


def test_the_topmost_parts_come_first_and_enough_are_enough() -> None:
    """Bars, each higher than the last: once some have a good grasp the lower ones are left alone."""
    x, y = grid()
    places = [(at_x, at_y) for at_y in (-0.06, 0.06) for at_x in (-0.09, -0.03, 0.03, 0.09)]
    bars = [block(*turned(x, y, at, 0.0), (0.03, 0.02, 0.015 + 0.002 * i)) for i, at in enumerate(places)]
    scene = scene_of(x, y, bars)
    lower, upper = {1, 2, 3, 4}, {5, 6, 7, 8}
    planned = {}
    for enough in (0, 1, 1000):
        config = GraspConfig(enough_parts=enough)
        judged = _Judged(scene, load_gripper("jaw"), config, FailedGrasps())
        planned[enough] = _add_model_free(scene, judged, load_gripper("jaw"), config), judged.answered()
    assert planned[0] == (lower | upper, set())
    assert planned[1] == (lower, upper)
    assert planned[1000] == (set(), lower | upper)


def test_a_held_selection_answers_for_every_part_and_expires() -> None:
    held = _HeldSelection()
    scene = scene_with_parts_at((0, 0, 0), (0.1, 0, 0))
    assert held.matches(scene) is None
    held.hold([match_of(1)], frames=2)
    matches = held.matches(scene)
    assert matches is not None
    assert [match.segment for match in matches] == [1, 2]
    assert held.matches(scene) is None
    held.hold([match_of(1)], frames=5)
    held.release()
    assert held.matches(scene) is None


@pytest.fixture
def plan() -> GraspPlan:
    scene = scene_with_parts_at((0, 0, 0), (0.1, 0, 0))
    pose = ObjectPose(1, "bolt", np.eye(4), 1.0, 0.9, 0.8, np.float32([0.5]))
    grasps = (grasp_at((0, 0, 0), 1, "a"), grasp_at((0.1, 0, 0), 2, "b", None))
    rejected = (
        RejectedGrasp(grasp_at((0, 0, 0), 1, "c"), RejectReason.TILT),
        RejectedGrasp(grasp_at((0, 0, 0), 1, "d"), RejectReason.TILT),
    )
    return GraspPlan(
        scene, (match_of(1), match_of(2, None)), (pose,), grasps, rejected, Verdict.GRASPS, "", {"bin": 1.0}
    )


def test_the_plan_as_json_is_plain_and_complete(plan: GraspPlan) -> None:
    answer = json.loads(json.dumps(plan_to_json(plan), allow_nan=False))
    assert answer["verdict"] == "grasps"
    assert answer["rejected"] == {str(RejectReason.TILT): 2}
    assert [part["rejected"] for part in answer["parts"]] == [{str(RejectReason.TILT): 2}, {}]
    assert [grasp["source"] for grasp in answer["grasps"]] == ["bolt", None]
    assert np.shape(answer["grasps"][0]["T_bin_tcp"]) == (4, 4)
    assert [part["planner"] for part in answer["parts"]] == ["network", "model-free"]
    assert [part["grasps"] for part in answer["parts"]] == [1, 1]
    assert [part["posed"] for part in answer["parts"]] == [True, False]
    assert answer["parts"][0]["fit_m"] is None
    passed_over = plan_to_json(replace(plan, passed_over=frozenset({2}), grasps=plan.grasps[:1]))
    assert [part["planner"] for part in passed_over["parts"]] == ["network", None]
