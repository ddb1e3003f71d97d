"""The whole way on one screen: cloud -> parts -> embeddings -> matches -> grasp models -> grasps."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from srclib_ros.config import PipelineConfig, SelectionConfig
from srclib_ros.embedding.encoder import Encoder
from srclib_ros.grasping.failed_grasps import FailedGrasps
from srclib_ros.grasping.fitted_scale import fitted_scale
from srclib_ros.grasping.gripper import load_gripper
from srclib_ros.grasping.judged import JudgedGrasps, add_model_free
from srclib_ros.grasping.model import GraspModel
from srclib_ros.grasping.propose import grasps_from_poses
from srclib_ros.grasping.ranking import rank
from srclib_ros.grasping.recut import recut
from srclib_ros.library.selection import answered, select
from srclib_ros.library.store import Library
from srclib_ros.segmentation.bin import locate_bin
from srclib_ros.segmentation.instances import segment
from srclib_ros.segmentation.joining import open_joiner
from srclib_ros.types import (
    Cloud,
    Grasp,
    GraspPlan,
    Match,
    Matrix,
    ObjectPose,
    RejectedGrasp,
    Scene,
    Verdict,
)

WALLS_UNKNOWN = (
    "bin.pose is not set: the floor was found as a plane, walls are not kept clear of, pieces of parts not joined and "
    "segments not judged"
)
NOT_JUDGED = "doubtful segments are not told: the cloud is unorganised, or segmentation.join_probability is 1"


class PickPipeline:
    """Plans grasps on one cloud after another with the networks of a source library.

    Not thread-safe: one thread plans; `with_config` gives a second pipeline that shares what was loaded.
    """

    def __init__(self, library: Library, encoder: Encoder, config: PipelineConfig) -> None:
        self.library = library
        self.encoder = encoder
        self.config = config
        self.gripper = load_gripper(config.grasp.gripper)
        open_joiner(config.segmentation.joining)  # a bad file is refused now and not with the first cloud
        self._models: dict[str, GraspModel] = {}
        self._held = _HeldSelection()
        self._failed = FailedGrasps()
        self._fit = _FittedScale(("", 0.0), None, 0)
        self._frame = 0

    def with_config(self, config: PipelineConfig) -> PickPipeline:
        """The same library, encoder and networks under another config."""
        other = PickPipeline(self.library, self.encoder, config)
        other._models = self._models
        other.take_failures_of(self)
        return other

    def plan(self, cloud: Cloud, T_cloud_bin: Matrix | None = None) -> GraspPlan:
        """Grasps for one cloud, best first, each rejected one with its reason.

        T_cloud_bin: (4, 4), where the bin is in this cloud's frame; None takes `bin.pose`, or finds the plane.
        Raises CloudError or BinNotFoundError; an empty bin is no error but a verdict.
        """
        clock = _StageClock()
        with clock.stage("bin"):
            located = locate_bin(cloud, self.config.bin, T_cloud_bin)
        with clock.stage("segment"):
            scene = segment(cloud, located, self.config)
        with clock.stage("select"):
            selected = self._select(scene)
            held = tuple(self._for_this_gripper(match) for match in selected)
        with clock.stage("network"):
            poses = self._detect(scene, held)
            scene, poses = recut(scene, poses, {pose.source: self._model(pose.source).object for pose in poses})
            matches = _of_segments(scene, held, poses)
        with clock.stage("grasps"):
            judged = JudgedGrasps(scene, self.gripper, self.config.grasp, self._failed)
            judged.add(self._propose(poses))
        with clock.stage("model_free"):
            passed_over = add_model_free(scene, judged, self.gripper, self.config.grasp)
        with clock.stage("rank"):
            grasps, rejected = rank(judged.grasps, judged.reasons, scene, self.config.grasp.max_grasps)
        self._failed.watch(grasps, scene)
        verdict, why = _verdict(scene, matches, grasps, rejected, passed_over)
        unheld = sum(match.source != before.source for match, before in zip(held, selected, strict=True))
        if unheld:
            remark = f"{unheld} of {len(matches)} parts whose source has a network, but not for {self.gripper.name}"
            why = "; ".join(filter(None, (why, remark)))
        posed = {pose.segment for pose in poses}
        guessed = sum(match.stands_in and match.segment in posed for match in matches)
        if guessed:
            remark = f"{guessed} of {len(matches)} parts by a network of another part or size: poses are a guess"
            why = "; ".join(filter(None, (why, remark)))
        if self.config.bin.mode == "bin" and not located.has_walls:
            why = "; ".join(filter(None, (why, WALLS_UNKNOWN)))
        elif located.has_walls and scene.segments and all(part.completeness is None for part in scene.segments):
            why = "; ".join(filter(None, (why, NOT_JUDGED)))
        return GraspPlan(scene, matches, poses, grasps, rejected, verdict, why, clock.stages_ms, passed_over)

    def remember_failure(self, grasp_id: str) -> bool:
        """Do not offer a grasp there again until its part has gone; False when no such grasp was offered lately."""
        return self._failed.add(grasp_id)

    def take_failures_of(self, other: PickPipeline) -> None:
        """Go on remembering what failed in another pipeline, which this one replaces."""
        self._failed = other._failed

    def _select(self, scene: Scene) -> tuple[Match, ...]:
        self._frame += 1
        if self.config.selection.bin_content != "single":
            return select(self.library, self.encoder, scene.segments, self.config.selection)
        held = self._held.matches(scene, self.config.selection)
        if held is None:
            held = select(self.library, self.encoder, scene.segments, self.config.selection)
            if not all(match.doubtful for match in held):
                held = self._fitted(scene, held)
                self._held.hold(held, self.config.selection.revote_every)
        return held

    def _fitted(self, scene: Scene, matches: tuple[Match, ...]) -> tuple[Match, ...]:
        """The matches of a bin of one kind of part; at the scale that fits what is seen, where it may be another part
        than the source."""
        if not matches or (matches[0].identity and matches[0].nearest.entry == matches[0].source):
            return matches
        source = self._for_this_gripper(matches[0]).source
        if source is None:
            return matches
        guess = matches[0].scale
        if (source, guess) != self._fit.of or self._frame >= self._fit.until:
            scale = fitted_scale(self._model(source), scene, scene.segments, guess, self.config.grasp)
            self._fit = _FittedScale((source, guess), scale, self._frame + self.config.selection.revote_every)
        if self._fit.scale is None or self._fit.scale == guess == 1.0:
            return matches
        why = f"{matches[0].why}; what is seen is {self._fit.scale:.2f} of its size"
        return tuple(replace(match, scale=self._fit.scale, why=why) for match in matches)

    def _for_this_gripper(self, match: Match) -> Match:
        """The match; without its source where that one's network rates the grasps of another gripper."""
        if match.source is None or self._model(match.source).object.candidates.gripper == self.gripper.name:
            return match
        other = self._model(match.source).object.candidates.gripper
        why = f"{match.why}; its network grasps with {other}, not with {self.gripper.name}"
        return replace(match, source=None, scale=1.0, suitable=False, why=why)

    def _detect(self, scene: Scene, matches: Sequence[Match]) -> tuple[ObjectPose, ...]:
        by_label = {part.label: part for part in scene.segments}
        wanted = defaultdict(list)
        for match in matches:
            if match.source is not None:
                wanted[match.source, match.scale].append(by_label[match.segment])
        poses = [
            pose
            for (source, scale), parts in wanted.items()
            for pose in self._model(source).detect(scene, parts, scale, self.config.grasp)
        ]
        if wanted and not poses:
            self._held.release()
        return tuple(poses)

    def _propose(self, poses: Sequence[ObjectPose]) -> list[Grasp]:
        candidates = {pose.source: self._model(pose.source).object.candidates for pose in poses}
        return grasps_from_poses(poses, candidates, self.gripper, self.config.grasp)

    def _model(self, source: str) -> GraspModel:
        if source not in self._models:
            self._models[source] = GraspModel.load(self.library.model_folder(source), self.config.threads)
        return self._models[source]


def open_pipeline(library_folder: Path, config: PipelineConfig | None = None) -> PickPipeline:
    """A pipeline on the library in `library_folder`, every file of it verified. Raises ArtifactError."""
    config = config or PipelineConfig()
    library = Library.open(library_folder)
    encoder = Encoder.load(library.encoder_folder, config.threads)
    return PickPipeline(library, encoder, config)


class _StageClock:
    """Wall time of named stages, in order."""

    def __init__(self) -> None:
        self.stages_ms: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.stages_ms[name] = (time.perf_counter() - start) * 1e3


@dataclass(frozen=True)
class _FittedScale:
    """The scale that was fitted `of` a source and a guess, None where nothing fits; fitted again from frame `until`."""

    of: tuple[str, float]
    scale: float | None
    until: int


class _HeldSelection:
    """The source a bin of one kind of part voted for, held for some frames."""

    def __init__(self) -> None:
        self._match: Match | None = None
        self._frames_left = 0

    def hold(self, matches: Sequence[Match], frames: int) -> None:
        self._match = matches[0] if matches else None
        self._frames_left = frames - 1

    def release(self) -> None:
        self._match = None

    def matches(self, scene: Scene, config: SelectionConfig) -> tuple[Match, ...] | None:
        """The held answer for each segment of `scene`, or None when the parts are to vote."""
        if self._match is None or self._frames_left <= 0:
            return None
        self._frames_left -= 1
        return tuple(answered(self._match, part, config) for part in scene.segments)


def _of_segments(scene: Scene, matches: Sequence[Match], poses: Sequence[ObjectPose]) -> tuple[Match, ...]:
    """The matches of the segments that there are, those that a network's poses made with what its source's best match
    says."""
    by_source: dict[str | None, Match] = {}
    for match in sorted(matches, key=lambda match: -match.nearest.similarity):
        by_source.setdefault(match.source, match)
    known = {match.segment for match in matches}
    there = {part.label for part in scene.segments}
    return tuple(match for match in matches if match.segment in there) + tuple(
        replace(
            by_source[pose.source],
            segment=pose.segment,
            scale=pose.scale,
            completeness=None,
            doubtful=False,
            why=f"told apart by the network of {pose.source}",
        )
        for pose in poses
        if pose.segment not in known
    )


def _verdict(
    scene: Scene,
    matches: Sequence[Match],
    grasps: Sequence[Grasp],
    rejected: Sequence[RejectedGrasp],
    passed_over: Collection[int] = (),
) -> tuple[Verdict, str]:
    if not scene.segments:
        return Verdict.EMPTY_BIN, "no part stands out of the floor"
    doubtful = sum(match.doubtful for match in matches)
    doubts = [f"{doubtful} of {len(matches)} doubtful, likely not one whole part"] if doubtful else []
    if grasps:
        refused = sum(match.source is None and not match.doubtful for match in matches)
        notes = [f"{refused} of {len(matches)} parts without a suitable source"] if refused else []
        notes += doubts
        if passed_over:
            notes.append(f"{len(passed_over)} passed over (grasp.enough_parts, grasp.max_parts)")
        return Verdict.GRASPS, "; ".join(notes)
    reasons = ", ".join(sorted({str(item.reason) for item in rejected})) or "no candidate was found"
    if passed_over:
        reasons += f"; {len(passed_over)} parts that the model-free planner did not look at (grasp.enough_parts)"
    reasons = "; ".join((reasons, *doubts))
    if doubtful < len(matches) and all(match.source is None for match in matches):
        return Verdict.NO_SUITABLE_SOURCE, f"and no grasp without one: {reasons}"
    return Verdict.NOTHING_GRASPABLE, reasons
