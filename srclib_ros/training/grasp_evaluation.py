"""How well a grasp model finds its part in scenes that it was not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from srclib_ros.config import GraspConfig
from srclib_ros.geometry.height_map import height_map
from srclib_ros.geometry.normals import neighbour_normals
from srclib_ros.grasping.decode import decode, suppress
from srclib_ros.grasping.model import GraspModel
from srclib_ros.grasping.network import PIXELS_PER_DIAMETER
from srclib_ros.grasping.pose_distance import pose_distances, rotation_errors_rad
from srclib_ros.training.grasp_scenes import GraspScene
from srclib_ros.types import Bin, Cloud, FloatArray, Matrix, Scene, Segment

REQUIRED_VISIBLE = 0.5
MATCHED = 0.10
"""Diameters, by the symmetry-aware distance of `pose_distances`: nearer is right."""
_APART = 0.15
_KEPT = 60
_MIN_POINTS = 60
_CAMERA_HEIGHT_M = 0.65


@dataclass(frozen=True)
class Found:
    """instances: more than half visible. detections: of them, of other parts and of nothing; matches with more hidden
    instances count neither for nor against. rotation_error_deg: median over the right ones, modulo symmetry.
    """

    instances: int
    detections: int
    recall: float
    precision: float
    rotation_error_deg: float


@dataclass(frozen=True)
class Validation:
    """network: poses as the cells say them, over whole bins, not refined. model: what `GraspModel.detect` gives for
    segments cut by the truth. quality_correlation: of the predicted and true qualities of all candidates (Pearson).
    top_quality: mean true quality of the candidates that the network rates best; best_quality: of the truly best.
    """

    scenes: int
    network: Found
    model: Found
    quality_correlation: float
    top_quality: float
    best_quality: float


@dataclass(frozen=True, eq=False)
class _Tally:
    """Of one scene. rotation_rad, predicted and actual qualities (R, K): of the right detections."""

    instances: int
    detections: int
    rotation_rad: Matrix
    predicted: FloatArray
    actual: FloatArray


def evaluate(model: GraspModel, scenes: Sequence[GraspScene]) -> Validation:
    """Match detections with the truth of `scenes`, which show the model's part at its own size."""
    network = [_network_tally(model, scene) for scene in scenes]
    refined = [_model_tally(model, scene) for scene in scenes]
    predicted, actual = (
        np.concatenate([getattr(tally, name) for tally in refined]) for name in ("predicted", "actual")
    )
    rated = actual.size > 0
    return Validation(
        scenes=len(scenes),
        network=_found(network),
        model=_found(refined),
        quality_correlation=_correlation(predicted, actual) if rated else 0.0,
        top_quality=float(np.take_along_axis(actual, predicted.argmax(1)[:, None], 1).mean()) if rated else 0.0,
        best_quality=float(actual.max(axis=1).mean()) if rated else 0.0,
    )


def _network_tally(model: GraspModel, scene: GraspScene) -> _Tally:
    """Decoded poses of the whole bin, doubles suppressed, matched one to one with the instances."""
    part = model.object
    pitch = part.diameter_m / PIXELS_PER_DIAMETER
    grid = height_map(scene.points_bin, scene.owner, pitch, scene.bin_size_m[:2])
    poses = decode(model.network.run(grid), grid, part, GraspConfig().min_presence, hypotheses=1)
    poses = poses.take(suppress(poses, _APART * part.diameter_m, _KEPT))
    truth = np.flatnonzero(scene.is_target)
    required = scene.visibility[truth] > REQUIRED_VISIBLE
    distance = pose_distances(poses.T_bin_object, scene.T_bin_object[truth], part)
    row, column = linear_sum_assignment(np.minimum(distance, 1.0) - 0.01 * required)
    matched = distance[row, column] < MATCHED
    row, column = row[matched], column[matched]
    right = required[column]
    row, column = row[right], truth[column[right]]
    return _Tally(
        int(required.sum()),
        len(poses) - int((~right).sum()),
        rotation_errors_rad(poses.T_bin_object[row], scene.T_bin_object[column], part),
        poses.grasp_quality[row],
        scene.quality[column],
    )


def _model_tally(model: GraspModel, scene: GraspScene) -> _Tally:
    """Poses of the segments that the truth cuts out."""
    seen = _as_scene(scene)
    poses = model.detect(seen, seen.segments, 1.0, GraspConfig())
    instance = np.array([pose.segment - 1 for pose in poses], np.int64)
    required = scene.is_target & (scene.visibility > REQUIRED_VISIBLE)
    counts = required[instance] | ~scene.is_target[instance]
    T = np.array([pose.T_bin_object for pose in poses]).reshape(-1, 4, 4)
    near = np.diagonal(pose_distances(T, scene.T_bin_object[instance], model.object)) < MATCHED
    right = np.flatnonzero(near & required[instance])
    qualities = np.array([pose.grasp_quality for pose in poses]).reshape(len(poses), len(model.object.candidates))
    return _Tally(
        int(required.sum()),
        int(counts.sum()),
        rotation_errors_rad(T[right], scene.T_bin_object[instance[right]], model.object),
        qualities[right],
        scene.quality[instance[right]],
    )


def _as_scene(scene: GraspScene) -> Scene:
    """The scene as the pipeline would have it if segmentation never erred."""
    normals = neighbour_normals(scene.points_bin, np.array([0.0, 0.0, _CAMERA_HEIGHT_M]))
    segments = []
    for label in np.unique(scene.owner[scene.owner > 0]):
        indices = np.flatnonzero(scene.owner == label)
        if len(indices) >= _MIN_POINTS:
            segments.append(Segment(int(label), indices, scene.points_bin[indices], normals[indices]))
    everywhere = np.ones(len(scene.owner), bool)
    located = Bin(np.eye(4), scene.bin_size_m)
    return Scene(Cloud(scene.points_bin), located, scene.points_bin, normals, scene.owner, everywhere, tuple(segments))


def _found(tallies: Sequence[_Tally]) -> Found:
    instances, detections = (sum(getattr(tally, name) for tally in tallies) for name in ("instances", "detections"))
    turns = np.concatenate([tally.rotation_rad for tally in tallies])
    return Found(
        instances=instances,
        detections=detections,
        recall=len(turns) / max(instances, 1),
        precision=len(turns) / max(detections, 1),
        rotation_error_deg=float(np.rad2deg(np.median(turns))) if len(turns) else 180.0,
    )


def _correlation(a: FloatArray, b: FloatArray) -> float:
    a, b = a.ravel() - a.mean(), b.ravel() - b.mean()
    return float(a @ b / max(float(np.linalg.norm(a) * np.linalg.norm(b)), 1e-12))
