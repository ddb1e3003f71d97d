"""What the pipeline decides beside its stages: the verdict, held selections, who is looked at."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from support.grasp_parts import bent_plate, object_model
from support.height_field_scenes import block, grid, scene_of, turned
from support.small_library import SaidEncoder, segment_saying, write_small_library

from srclib_ros.config import BinConfig, GraspConfig, PipelineConfig, SegmentationConfig, SelectionConfig
from srclib_ros.embedding.encoder import Encoder
from srclib_ros.geometry.grasp_frame import pregrasp, tcp_pose
from srclib_ros.geometry.pinhole import pixel_rays
from srclib_ros.geometry.transforms import invert, look_at
from srclib_ros.grasping.failed_grasps import FailedGrasps
from srclib_ros.grasping.gripper import load_gripper
from srclib_ros.grasping.judged import JudgedGrasps, add_model_free
from srclib_ros.grasping.model import GraspModel
from srclib_ros.library.store import Library
from srclib_ros.pipeline import NOT_JUDGED, PickPipeline, _HeldSelection, _verdict
from srclib_ros.plan_json import plan_to_json
from srclib_ros.types import (
    Bin,
    Camera,
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


def test_doubtful_segments_are_told_apart_from_refused_parts() -> None:
    matches = [match_of(1), match_of(2, None), replace(match_of(3, None), doubtful=True)]
    scene = scene_with_parts_at((0, 0, 0), (0.05, 0, 0), (0.1, 0, 0))
    _, why = _verdict(scene, matches, [grasp_at((0, 0, 0), 1, "a")], [])
    assert why == "1 of 3 parts without a suitable source; 1 of 3 doubtful, likely not one whole part"


def test_a_bin_of_doubtful_segments_wants_no_source() -> None:
    matches = [replace(match_of(label, None), doubtful=True) for label in (1, 2)]
    verdict, why = _verdict(scene_with_parts_at((0, 0, 0), (0.05, 0, 0)), matches, [], [])
    assert verdict is Verdict.NOTHING_GRASPABLE
    assert "2 of 2 doubtful" in why


def test_a_part_is_answered_by_a_grasp_that_nothing_speaks_against() -> None:
    x, y = grid()
    scene = scene_of(x, y, [block(*turned(x, y, (at, 0.0), 0.0), (0.06, 0.03, 0.025)) for at in (-0.08, 0.08)])
    down, across = np.array((0, 0, -1)), np.array((0, 1, 0))
    left, right = (tcp_pose(np.array((at, 0, 0.01)), down, across) for at in (-0.08, 0.08))
    judged = JudgedGrasps(scene, load_gripper("jaw"), GraspConfig(), FailedGrasps())
    judged.add([Grasp(left, pregrasp(left, 0.1), 0.03, 0.9, "jaw", 1, "bolt")])
    judged.add([Grasp(right, pregrasp(right, 0.1), 0.2, 0.9, "jaw", 2, "bolt")])
    assert judged.answered() == judged.answered(0.9) == {1}
    assert judged.answered(0.95) == set()
    assert judged.reasons == [None, RejectReason.TOO_WIDE]


def test_a_vote_of_doubtful_segments_is_not_held(tmp_path: Path) -> None:
    library = Library.open(write_small_library(tmp_path / "small"))
    config = replace(PipelineConfig(), selection=SelectionConfig(bin_content="single", revote_every=10))
    pipeline = PickPipeline(library, cast(Encoder, SaidEncoder(library.encoder_id)), config)

    def nearest(*segments: Segment) -> set[str]:
        scene = replace(scene_with_parts_at(*[(0, 0, 0)] * len(segments)), segments=segments)
        return {match.nearest.entry for match in pipeline._select(scene)}

    piece = replace(segment_saying(1, 95.0), completeness=0.2)
    assert nearest(piece) == {"ring"}
    assert nearest(segment_saying(1, 1.0), replace(piece, label=2)) == {"bolt_m8"}
    assert nearest(piece) == {"bolt_m8"}


class StandIn:
    """Fits what is seen at a scale of 1.5 alone."""

    object = object_model(bent_plate())

    def __init__(self) -> None:
        self.scales: list[float] = []

    def detect(self, scene: Scene, segments: list[Segment], scale: float, config: GraspConfig) -> list[ObjectPose]:
        self.scales.append(scale)
        if abs(scale / 1.5 - 1.0) >= 0.06:
            return []
        return [ObjectPose(part.label, "bolt_m8", np.eye(4), scale, 0.9, 0.8, np.float32([0.5])) for part in segments]

    def explained(self, segment: Segment, T_bin_object: np.ndarray, scale: float, within_m: float) -> float:
        return 1.0


def test_another_parts_network_is_fitted_in_scale_once_and_that_is_told(tmp_path: Path) -> None:
    library = Library.open(write_small_library(tmp_path / "small"))
    config = replace(PipelineConfig(), selection=SelectionConfig(bin_content="single", revote_every=10))
    pipeline = PickPipeline(library, cast(Encoder, SaidEncoder(library.encoder_id)), config)
    network = StandIn()
    pipeline._models["bolt_m8"] = cast(GraspModel, network)

    def selected(degrees: float) -> Match:
        scene = replace(scene_with_parts_at((0, 0, 0)), segments=(segment_saying(1, degrees),))
        (match,) = pipeline._select(scene)
        return match

    found = selected(10.0)
    assert (found.nearest.entry, found.source) == ("bolt_m16", "bolt_m8") and found.stands_in
    assert found.scale == pytest.approx(1.5, rel=0.06) and network.scales[0] == 2.0
    assert found.why.endswith("what is seen is 1.51 of its size")
    asked = len(network.scales)
    assert selected(10.0).scale == found.scale and len(network.scales) == asked

    pipeline._held.release()
    assert selected(10.0).scale == found.scale and len(network.scales) == asked
    pipeline._held.release()
    known = selected(0.0)
    assert known.source == "bolt_m8" and not known.stands_in and known.scale == 1.0 and len(network.scales) == asked


def test_it_is_remarked_where_nothing_is_judged(tmp_path: Path, rng: np.random.Generator) -> None:
    cloud, T_cloud_bin = box_in_a_bin(rng)
    library = Library.open(write_small_library(tmp_path / "small"))
    remarks = []
    for least in (0.5, 1.0):
        config = PipelineConfig(
            bin=BinConfig(mode="bin", size_m=(0.3, 0.2, 0.1)),
            segmentation=SegmentationConfig(join_probability=least),
            selection=SelectionConfig(min_similarity=1.0),
        )
        planned = PickPipeline(library, cast(Encoder, SaidEncoder(library.encoder_id)), config).plan(cloud, T_cloud_bin)
        assert planned.scene.segments
        remarks.append(NOT_JUDGED in planned.why)
    assert remarks == [False, True]


class OtherGrippersModel:
    """Stands in for a network that rates a jaw's grasps; it is not to be asked for poses."""

    object = object_model(bent_plate())


def test_a_network_for_another_gripper_is_not_used_and_that_is_told(tmp_path: Path, rng: np.random.Generator) -> None:
    cloud, T_cloud_bin = box_in_a_bin(rng)
    library = Library.open(write_small_library(tmp_path / "small"))
    config = PipelineConfig(
        bin=BinConfig(mode="bin", size_m=(0.3, 0.2, 0.1)),
        grasp=GraspConfig(gripper="suction"),
        selection=SelectionConfig(min_similarity=0.0, least_completeness=0.0),
    )
    pipeline = PickPipeline(library, cast(Encoder, SaidEncoder(library.encoder_id)), config)
    pipeline._models["bolt_m8"] = cast(GraspModel, OtherGrippersModel())
    pipeline._select = lambda scene: tuple(match_of(part.label, "bolt_m8") for part in scene.segments)  # type: ignore[method-assign]
    planned = pipeline.plan(cloud, T_cloud_bin)
    (match,) = planned.matches
    assert match.source is None and not match.suitable
    assert match.why == "near; its network grasps with jaw, not with suction"
    assert planned.poses == ()
    assert "1 of 1 parts whose source has a network, but not for suction" in planned.why
    assert planned.verdict is Verdict.GRASPS
    assert {grasp.gripper for grasp in planned.grasps} == {"suction"}
    best = planned.grasps[0].T_bin_tcp
    assert np.hypot(*best[:2, 3]) < 0.01 and best[2, 3] == pytest.approx(0.03, abs=0.001)


def box_in_a_bin(rng: np.random.Generator) -> tuple[Cloud, np.ndarray]:
    """A box of 60 x 40 x 30 mm in the middle of an empty bin, filmed from above, and T_cloud_bin."""
    camera = Camera(320, 240, 300.0, 300.0, 159.5, 119.5)
    T_bin_camera = look_at((0.0, 0.0, 0.5), (0.0, 0.0, 0.0), (0.0, 1.0, 0.0))
    rays = pixel_rays(camera)
    depth = np.full(rays.shape[:2], 0.5, np.float32)
    top = np.abs(rays[..., :2] * 0.47) <= (0.03, 0.02)
    depth[top.all(axis=-1)] = 0.47
    depth += rng.normal(0.0, 0.0002, depth.shape).astype(np.float32)
    return Cloud((rays * depth[..., None]).astype(np.float32)), invert(T_bin_camera)


LOW_BARS, HIGH_BARS = {1, 2, 3, 4}, {5, 6, 7, 8}


@pytest.fixture
def bars_in_pairs() -> Scene:
    """Eight bars; each of the first four stands with one long side at a higher one."""
    x, y = grid()
    places = [(at, -0.02) for at in (-0.12, -0.04, 0.04, 0.12)] + [(at, 0.0) for at in (-0.12, -0.04, 0.04, 0.12)]
    heights = [0.02] * 4 + [0.035] * 4
    bars = [block(*turned(x, y, at, 0.0), (0.04, 0.018, z)) for at, z in zip(places, heights, strict=True)]
    return scene_of(x, y, bars)


def looked_at(scene: Scene, config: GraspConfig) -> tuple[frozenset[int], set[int]]:
    """(labels passed over, labels with a grasp) of the model-free planner."""
    judged = JudgedGrasps(scene, load_gripper("jaw"), config, FailedGrasps())
    return add_model_free(scene, judged, load_gripper("jaw"), config), judged.answered()


def test_the_freest_parts_come_first_and_enough_are_enough(bars_in_pairs: Scene) -> None:
    """Once some have a good grasp, those with a neighbour above them are left alone."""
    assert looked_at(bars_in_pairs, GraspConfig(enough_parts=0)) == (LOW_BARS | HIGH_BARS, set())
    passed_over, answered = looked_at(bars_in_pairs, GraspConfig(enough_parts=1))
    assert passed_over > LOW_BARS
    assert answered
    assert answered <= HIGH_BARS
    assert looked_at(bars_in_pairs, GraspConfig(enough_parts=1000, max_parts=1000))[0] == frozenset()


def test_after_max_parts_it_looks_on_only_for_want_of_a_grasp(bars_in_pairs: Scene) -> None:
    passed_over, answered = looked_at(bars_in_pairs, GraspConfig(enough_parts=1000, max_parts=4))
    assert passed_over == LOW_BARS
    assert answered
    nothing_will_do = GraspConfig(enough_parts=1000, max_parts=4, min_quality=1.0, good_quality=1.0)
    assert looked_at(bars_in_pairs, nothing_will_do) == (frozenset(), set())


def test_a_held_selection_answers_for_every_part_and_expires() -> None:
    held = _HeldSelection()
    scene = scene_with_parts_at((0, 0, 0), (0.1, 0, 0))
    assert held.matches(scene, SelectionConfig()) is None
    held.hold([match_of(1)], frames=2)
    matches = held.matches(scene, SelectionConfig())
    assert matches is not None
    assert [match.segment for match in matches] == [1, 2]
    assert held.matches(scene, SelectionConfig()) is None
    held.hold([match_of(1)], frames=5)
    held.release()
    assert held.matches(scene, SelectionConfig()) is None


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
