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
from srclib_ros.errors import SimulationError
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.geometry.transforms import apply
from srclib_ros.grasping.collision import Obstacles
from srclib_ros.grasping.gripper import Gripper
from srclib_ros.grasping.jaw import Jaw
from srclib_ros.grasping.model import GraspModel
from srclib_ros.grasping.object_model import ObjectModel
from srclib_ros.grasping.pose_distance import pose_distances, rotation_errors_rad
from srclib_ros.grasping.propose import grasps_from_poses
from srclib_ros.grasping.ranking import judge, rank
from srclib_ros.grasping.recut import recut
from srclib_ros.segmentation.instances import segment
from srclib_ros.simulation.cell import BIN_SIZE_M, copies_in_bin, film
from srclib_ros.simulation.pile import BinPhysics
from srclib_ros.simulation.pile_trial import PickOutcome, PileTrial
from srclib_ros.training.grasp_evaluation import MATCHED, REQUIRED_VISIBLE
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
class PoseTally:
    """Of one part over all its piles. adds: mean distances (ADD-S) in diameters, of each required instance that was
    found; rotation_rad: likewise. first: the outcome of each pile's first grasp, None where none was offered though one
    would have succeeded. refused_rightly: piles where none was offered, and none of those tried succeeded.
    """

    detections: list[Detections] = field(default_factory=list)
    adds: list[float] = field(default_factory=list)
    rotation_rad: list[float] = field(default_factory=list)
    first: list[PickOutcome | None] = field(default_factory=list)
    refused_rightly: int = 0
    piles_failed: int = 0


@dataclass(frozen=True)
class PoseFigures:
    """ap: average precision, the area under precision over recall, detections sorted by score (Bregier et al., arXiv
    1612.04631, with 10 % of the diameter). recall: of the required instances. adds_05: their share with ADD-S below
    5 % of the diameter. grasp_top1_success: of the piles' first grasps, one that is missing though another would have
    succeeded counts as failure. coverage: share of the piles with a grasp. None: there was nothing to measure."""

    instances: int
    ap: float | None
    recall: float | None
    adds_05: float | None
    rotation_median_deg: float | None
    grasp_top1_success: float | None
    coverage: float | None


def try_model(
    mesh: PartMesh, model: GraspModel, gripper: Gripper, piles: int, rng: np.random.Generator, config: PipelineConfig
) -> PoseTally:
    """Drop `piles` piles of the part alone and plan on each; grasps are tried with jaws, cups have their poses judged
    alone. Raises MissingDependencyError, SimulationError."""
    physics = BinPhysics([mesh] * copies_in_bin(mesh), BIN_SIZE_M)
    tally = PoseTally()
    for _ in range(piles):
        try:
            T_bin_object = np.array([T for _, T in physics.drop(rng)]).reshape(-1, 4, 4)
        except SimulationError:
            tally.piles_failed += 1
            continue
        if not len(T_bin_object):
            tally.piles_failed += 1
            continue
        filmed = film([(mesh, T) for T in T_bin_object], rng=rng)
        visible = np.array([placed.visible_share for placed in filmed.parts])
        scene = segment(filmed.cloud, filmed.bin, config)
        poses = sorted(model.detect(scene, scene.segments, 1.0, config.grasp), key=lambda pose: -pose.score)
        match(poses, T_bin_object, visible, model.object, tally)
        if not isinstance(gripper, Jaw):
            continue
        scene, cut = recut(scene, poses, {model.object.name: model.object})
        offered, refused = _grasps(scene, cut, model.object, gripper, config)
        pile = PileTrial([(mesh, T) for T in T_bin_object], BIN_SIZE_M, gripper)
        if offered is not None:
            tally.first.append(pile.run(offered.T_bin_tcp, min(offered.width_m, gripper.widest_m)))
        elif any(pile.run(grasp.T_bin_tcp, min(grasp.width_m, gripper.widest_m)).success for grasp in refused):
            tally.first.append(None)
        else:
            tally.refused_rightly += 1
    return tally


def pose_figures(tally: PoseTally) -> PoseFigures:
    instances = int(sum(found.required.sum() for found in tally.detections))
    right = np.concatenate([found.right[found.counts] for found in tally.detections] or [np.zeros(0, bool)])
    score = np.concatenate([found.score[found.counts] for found in tally.detections] or [np.zeros(0)])
    said = [outcome for outcome in tally.first if outcome is None or outcome.success is not None]
    piles = len(tally.first) + tally.refused_rightly
    return PoseFigures(
        instances=instances,
        ap=average_precision(score, right, instances),
        recall=float(right.sum() / instances) if instances else None,
        adds_05=float(np.sum(np.array(tally.adds) < CLOSE_ADDS) / instances) if instances else None,
        rotation_median_deg=float(np.rad2deg(np.median(tally.rotation_rad))) if tally.rotation_rad else None,
        grasp_top1_success=float(np.mean([bool(outcome and outcome.success) for outcome in said])) if said else None,
        coverage=sum(outcome is not None for outcome in tally.first) / piles if piles else None,
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


def _grasps(
    scene: Scene, poses: Sequence[ObjectPose], part: ObjectModel, gripper: Gripper, config: PipelineConfig
) -> tuple[Grasp | None, list[Grasp]]:
    """What the pipeline would offer first if the network alone spoke; where that is nothing, the best `MOST_REFUSED`
    of what it would not offer."""
    grasps = grasps_from_poses(poses, {part.name: part.candidates}, gripper, config.grasp)
    reasons = judge(grasps, scene, Obstacles.of_scene(scene), gripper, config.grasp)
    offered, rejected = rank(grasps, reasons, scene, 1)
    best = sorted((item.grasp for item in rejected), key=lambda grasp: -grasp.quality)
    return (offered[0], []) if offered else (None, best[:MOST_REFUSED])
