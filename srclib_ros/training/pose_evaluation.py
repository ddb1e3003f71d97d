"""A grasp model in simulated piles of its part, as the cell would use it: camera noise on, segments as the pipeline
cuts them. Are its poses right, and do the grasps that it ranks first come out of the pile?
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from srclib_ros.config import PipelineConfig
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.geometry.transforms import apply
from srclib_ros.grasping.gripper import Gripper
from srclib_ros.grasping.judged import JudgedGrasps, add_model_free
from srclib_ros.grasping.model import GraspModel
from srclib_ros.grasping.object_model import ObjectModel
from srclib_ros.grasping.pose_distance import pose_distances, rotation_errors_rad
from srclib_ros.grasping.propose import grasps_from_poses
from srclib_ros.grasping.ranking import rank
from srclib_ros.grasping.recut import recut
from srclib_ros.simulation.cell import BIN_SIZE_M
from srclib_ros.simulation.pile_trial import PickOutcome, PileTrial
from srclib_ros.simulation.trials import pile_trial_for
from srclib_ros.training.grasp_evaluation import MATCHED, REQUIRED_VISIBLE
from srclib_ros.training.part_piles import part_piles
from srclib_ros.types import FloatArray, Grasp, Matrix, ObjectPose, Scene

CLOSE_ADDS = 0.05  # diameters
MOST_REFUSED = 20
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Detections:
    """Of one pile, best first. score: (D,). right: (D,), counts: (D,) whether each counts at all: a match with an
    instance more than half hidden counts neither for nor against. instance: (D,) that each matches, -1 for none.
    required: (I,) instances that are to be found.
    """

    score: Matrix
    right: Flags
    counts: Flags
    instance: npt.NDArray[np.int64]
    required: Flags


@dataclass
class FirstGrasps:
    """outcomes: of each pile's first grasp, None where none was offered though one would have succeeded.
    refused_rightly: piles where none was offered, and none of those tried succeeded.
    """

    outcomes: list[PickOutcome | None] = field(default_factory=list)
    refused_rightly: int = 0

    @property
    def success(self) -> float | None:
        """Share that succeeds, of those that physics says something of; None: there was nothing to try."""
        said = [outcome for outcome in self.outcomes if outcome is None or outcome.success is not None]
        return float(np.mean([bool(outcome and outcome.success) for outcome in said])) if said else None

    @property
    def coverage(self) -> float | None:
        """Share of the piles with a grasp."""
        piles = len(self.outcomes) + self.refused_rightly
        return sum(outcome is not None for outcome in self.outcomes) / piles if piles else None

    def add(self, judged: JudgedGrasps, scene: Scene, pile: PileTrial, gripper: Gripper) -> None:
        """Try what would be offered first; where that is nothing, the best `MOST_REFUSED` of what would not be."""
        offered, rejected = rank(judged.grasps, judged.reasons, scene, 1)

        def tried(grasp: Grasp) -> PickOutcome:
            return pile.run(grasp.T_bin_tcp, min(grasp.width_m, gripper.widest_m))

        best = sorted((item.grasp for item in rejected), key=lambda grasp: -grasp.quality)[:MOST_REFUSED]
        if offered:
            self.outcomes.append(tried(offered[0]))
        elif any(tried(grasp).success for grasp in best):
            self.outcomes.append(None)
        else:
            self.refused_rightly += 1


@dataclass
class PoseTally:
    """Of one part over all its piles. adds: mean distances (ADD-S) in diameters, of each required instance that was
    found; rotation_rad: likewise. first: by the network; model_free: by planners that know no part, by gripper.
    """

    detections: list[Detections] = field(default_factory=list)
    adds: list[float] = field(default_factory=list)
    rotation_rad: list[float] = field(default_factory=list)
    first: FirstGrasps = field(default_factory=FirstGrasps)
    model_free: dict[str, FirstGrasps] = field(default_factory=dict)
    piles_failed: int = 0


@dataclass(frozen=True)
class PoseFigures:
    """ap: average precision, the area under precision over recall, detections sorted by score (Bregier et al., arXiv
    1612.04631, with 10 % of the diameter). recall: of the required instances. adds_05: their share with ADD-S below
    5 % of the diameter. grasp_top1_success: of the piles' first grasps, one that is missing though another would have
    succeeded counts as failure; model_free_top1_success: the same of model-free planners, by gripper. coverage: share
    of the piles with a grasp. None: there was nothing to measure."""

    instances: int
    ap: float | None
    recall: float | None
    adds_05: float | None
    rotation_median_deg: float | None
    grasp_top1_success: float | None
    coverage: float | None
    model_free_top1_success: dict[str, float | None]


def try_model(
    mesh: PartMesh,
    model: GraspModel,
    gripper: Gripper,
    piles: int,
    rng: np.random.Generator,
    config: PipelineConfig,
    model_free: Sequence[Gripper] = (),
) -> PoseTally:
    """Drop `piles` piles of the part alone, plan on each, and try what would be picked first. model_free: grippers
    that a planner without a network plans for in the same piles. Raises MissingDependencyError, SimulationError."""
    tally = PoseTally(model_free={other.name: FirstGrasps() for other in model_free})
    for pile in part_piles(mesh, piles, rng, config):
        if pile is None:
            tally.piles_failed += 1
            continue
        lying = [(mesh, T) for T in pile.T_bin_object]
        trials = {other.name: pile_trial_for(lying, BIN_SIZE_M, other) for other in (gripper, *model_free)}
        for other in model_free:
            judged = JudgedGrasps(pile.scene, other, config.grasp)
            add_model_free(pile.scene, judged, other, config.grasp)
            tally.model_free[other.name].add(judged, pile.scene, trials[other.name], other)
        poses = model.detect(pile.scene, pile.scene.segments, 1.0, config.grasp)
        poses = sorted(poses, key=lambda pose: -pose.score)
        match(poses, pile.T_bin_object, pile.visible, model.object, tally)
        scene, cut = recut(pile.scene, poses, {model.object.name: model.object})
        judged = JudgedGrasps(scene, gripper, config.grasp)
        judged.add(grasps_from_poses(cut, {model.object.name: model.object.candidates}, gripper, config.grasp))
        tally.first.add(judged, scene, trials[gripper.name], gripper)
    return tally


def pose_figures(tally: PoseTally) -> PoseFigures:
    instances = int(sum(found.required.sum() for found in tally.detections))
    right = np.concatenate([found.right[found.counts] for found in tally.detections] or [np.zeros(0, bool)])
    score = np.concatenate([found.score[found.counts] for found in tally.detections] or [np.zeros(0)])
    return PoseFigures(
        instances=instances,
        ap=average_precision(score, right, instances),
        recall=float(right.sum() / instances) if instances else None,
        adds_05=float(np.sum(np.array(tally.adds) < CLOSE_ADDS) / instances) if instances else None,
        rotation_median_deg=float(np.rad2deg(np.median(tally.rotation_rad))) if tally.rotation_rad else None,
        grasp_top1_success=tally.first.success,
        coverage=tally.first.coverage,
        model_free_top1_success={name: first.success for name, first in tally.model_free.items()},
    )


def average_precision(score: Matrix, right: Flags, instances: int) -> float | None:
    """Area under the precision, made falling, over the recall (PASCAL VOC 2010), of detections (D,); None where there
    is no instance to find."""
    if not instances:
        return None
    hits = right[np.argsort(-score, kind="stable")]
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    falling = np.maximum.accumulate(precision[::-1])[::-1]
    return float(falling[hits].sum() / instances)


def match(
    poses: Sequence[ObjectPose], T_bin_object: Matrix, visible: FloatArray, part: ObjectModel, tally: PoseTally
) -> None:
    """Give each pose, best first, the nearest instance within `MATCHED` diameters that is to be found and is left, or
    else a hidden one, which may have several."""
    T = np.array([pose.T_bin_object for pose in poses]).reshape(-1, 4, 4)
    distance = pose_distances(T, T_bin_object, part)
    required = visible > REQUIRED_VISIBLE
    instance = np.full(len(poses), -1)
    taken = np.zeros(len(T_bin_object), bool)
    for row, to_instances in enumerate(distance):
        for of in (required & ~taken, ~required):
            near = np.where(of, to_instances, np.inf)
            if instance[row] < 0 and near.min() < MATCHED:
                instance[row] = int(np.argmin(near))
                taken[instance[row]] = required[instance[row]]
    matched = instance >= 0
    right = matched & required[instance]
    tally.detections.append(
        Detections(np.array([pose.score for pose in poses]), right, right | ~matched, instance, required)
    )
    rows = np.flatnonzero(right)
    tally.rotation_rad += rotation_errors_rad(T[rows], T_bin_object[instance[rows]], part).tolist()
    tally.adds += [_adds(T[row], T_bin_object[instance[row]], part) for row in rows]


def _adds(T_found: Matrix, T_true: Matrix, part: ObjectModel) -> float:
    """Mean distance of the found surface to the nearest point of the true one (Hinterstoisser 2012), in diameters."""
    points = part.surface_points[:: max(1, len(part.surface_points) // 500)]
    away, _ = cKDTree(apply(T_true, part.surface_points)).query(apply(T_found, points))
    return float(away.mean() / part.diameter_m)
