"""How well a grasp network finds its part in scenes that it was not trained on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from srclib_ros.geometry.height_map import height_map
from srclib_ros.grasping.decode import CellPoses, decode, suppress
from srclib_ros.grasping.network import PIXELS_PER_DIAMETER, GridNetwork
from srclib_ros.grasping.object_model import ObjectModel
from srclib_ros.grasping.pose_distance import pose_distances, rotation_errors_rad
from srclib_ros.training.grasp_scenes import GraspScene
from srclib_ros.types import Matrix

REQUIRED_VISIBLE = 0.5
MATCHED = 0.10
"""Diameters, by the symmetry-aware distance: nearer is found."""
APART = 0.15
MIN_PRESENCE = 0.5
KEPT = 60


@dataclass(frozen=True)
class Validation:
    """Of `instances` more than half visible, and `detections` less those that match a more hidden one.

    rotation_error_deg: median over the found, modulo symmetry. quality_correlation: of the predicted candidate
    qualities of found instances with the true ones (Pearson). top_quality: mean true quality of the candidate that
    the network rates best; best_quality: mean of the truly best; before refinement, all.
    """

    scenes: int
    instances: int
    detections: int
    recall: float
    precision: float
    rotation_error_deg: float
    quality_correlation: float
    top_quality: float
    best_quality: float


def evaluate(network: GridNetwork, part: ObjectModel, scenes: Iterable[GraspScene]) -> Validation:
    """Match the decoded poses of whole bins with the true ones, one to one."""
    instances = found = counted = right = seen = 0
    turns: list[Matrix] = []
    predicted: list[Matrix] = []
    actual: list[Matrix] = []
    for scene in scenes:
        seen += 1
        poses = scene_poses(network, part, scene)
        truth = np.flatnonzero(scene.is_target)
        required = scene.visibility[truth] > REQUIRED_VISIBLE
        T_true = scene.T_bin_object[truth]
        distance = pose_distances(poses.T_bin_object, T_true, part)
        row, column = linear_sum_assignment(np.minimum(distance, 1.0) - 0.01 * required)
        good = distance[row, column] < MATCHED
        row, column = row[good], column[good]
        hidden = np.zeros(len(poses), bool)
        hidden[row] = ~required[column]
        instances += int(required.sum())
        found += int(required[column].sum())
        counted += int((~hidden).sum())
        right += int(required[column].sum())
        counts = required[column]
        turns.append(rotation_errors_rad(poses.T_bin_object[row[counts]], T_true[column[counts]], part))
        predicted.append(poses.grasp_quality[row[counts]])
        actual.append(scene.quality[truth[column[counts]]])
    guess, true = np.concatenate(predicted), np.concatenate(actual)
    rated = bool(found) and guess.shape[1] > 0
    return Validation(
        scenes=seen,
        instances=instances,
        detections=counted,
        recall=found / max(instances, 1),
        precision=right / max(counted, 1),
        rotation_error_deg=float(np.rad2deg(np.median(np.concatenate(turns)))) if found else 180.0,
        quality_correlation=_correlation(guess, true) if rated else 0.0,
        top_quality=float(np.take_along_axis(true, guess.argmax(1)[:, None], 1).mean()) if rated else 0.0,
        best_quality=float(true.max(axis=1).mean()) if rated else 0.0,
    )


def scene_poses(network: GridNetwork, part: ObjectModel, scene: GraspScene) -> CellPoses:
    """Poses decoded from a whole scene, doubles suppressed, not refined."""
    pitch = part.diameter_m / PIXELS_PER_DIAMETER
    grid = height_map(scene.points_bin, scene.owner, pitch, scene.bin_size_m[:2])
    poses = decode(network.run(grid), grid, part.centroid_m, MIN_PRESENCE, hypotheses=1)
    return poses.take(suppress(poses, APART * part.diameter_m, KEPT))


def _correlation(a: Matrix, b: Matrix) -> float:
    a, b = a.ravel() - a.mean(), b.ravel() - b.mean()
    return float(a @ b / max(float(np.linalg.norm(a) * np.linalg.norm(b)), 1e-12))
