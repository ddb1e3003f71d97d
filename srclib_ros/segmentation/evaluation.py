"""How well instances are found: matched on pixels one to one, counted at two overlaps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from srclib_ros.captures.cloud_io import Capture
from srclib_ros.errors import CloudLayoutError
from srclib_ros.types import IntArray, Matrix, Scene

MIN_PIXELS = 200
WHOLE = 0.8
THRESHOLDS = (0.5, 0.75)

Counts = npt.NDArray[np.integer] | Matrix


@dataclass(frozen=True, eq=False)
class SceneOverlap:
    """One scene's matching. iou: (M,) of the matched pairs; predicted, true: instances counted."""

    iou: Matrix
    predicted: int
    true: int


@dataclass(frozen=True)
class SegmentationScore:
    """Precision, recall and F1 pooled over scenes at one IoU."""

    threshold: float
    precision: float
    recall: float
    f1: float


def are_whole(shown: Counts, returned: Counts) -> npt.NDArray[np.bool_]:
    """(S,) whether each segment holds at least 80 % of what returned of the instance that it shows most of, and shows
    at most 20 % else.

    shown: (S, I) pixels of each segment that show each instance, 0 for none. returned: (I,) pixels of each instance.
    """
    if shown.shape[1] < 2:
        return np.zeros(len(shown), bool)
    instance = 1 + shown[:, 1:].argmax(axis=1)
    own = shown[np.arange(len(shown)), instance]
    return (own > 0) & (own >= WHOLE * returned[instance]) & (own >= WHOLE * shown.sum(axis=1))


@dataclass(frozen=True, eq=False)
class JudgedSegments:
    """completeness, whole: (S,) of the segments that were judged and show an instance: how likely each was held to be
    one whole part, and whether it is."""

    completeness: Matrix
    whole: npt.NDArray[np.bool_]


def judged_segments(scene: Scene, true: IntArray) -> JudgedSegments:
    """Against true labels (H, W), 0 for none, and 0 where nothing returned."""
    flat = true.ravel()
    returned = np.bincount(flat)
    shown = np.array([np.bincount(flat[part.indices], minlength=len(returned)) for part in scene.segments])
    shown = shown.reshape(len(scene.segments), len(returned))
    told = np.array([part.completeness is not None for part in scene.segments], bool) & shown[:, 1:].any(axis=1)
    completeness = np.array([part.completeness for part in scene.segments], np.float64)
    return JudgedSegments(completeness[told], are_whole(shown, returned)[told])


def labelled_instances(capture: Capture, background_below: int = 1) -> IntArray | None:
    """The capture's true labels, 0 where they are below `background_below` or nothing returned; None: it has none."""
    if capture.labels is None:
        return None
    seen = np.isfinite(capture.cloud.xyz).all(axis=-1)
    return np.where(seen & (capture.labels >= background_below), capture.labels, 0).astype(np.int32)


def match_instances(predicted: IntArray, true: IntArray, min_pixels: int = MIN_PIXELS) -> SceneOverlap:
    """Match two label images so that the sum of IoUs is largest (Hungarian method).

    predicted, true: the same shape, 0 ignored. An instance below `min_pixels` counts neither as predicted nor as
    true, yet its pixels stay in the unions of the others. Raises CloudLayoutError when the shapes differ.
    """
    if predicted.shape != true.shape:
        raise CloudLayoutError(f"labels to compare differ in shape: {predicted.shape} and {true.shape}")
    _, row, row_size = np.unique(predicted, return_inverse=True, return_counts=True)
    _, column, column_size = np.unique(true, return_inverse=True, return_counts=True)
    together = np.bincount(
        row.ravel() * len(column_size) + column.ravel(), minlength=len(row_size) * len(column_size)
    ).reshape(len(row_size), len(column_size))
    rows = np.flatnonzero((np.unique(predicted) > 0) & (row_size >= min_pixels))
    columns = np.flatnonzero((np.unique(true) > 0) & (column_size >= min_pixels))
    shared = together[np.ix_(rows, columns)].astype(np.float64)
    iou = shared / (row_size[rows, None] + column_size[None, columns] - shared)
    chosen = linear_sum_assignment(-iou)
    return SceneOverlap(iou[chosen], len(rows), len(columns))


def segmentation_f1(
    scenes: Iterable[SceneOverlap], thresholds: Sequence[float] = THRESHOLDS
) -> list[SegmentationScore]:
    """Scores at each threshold, pooled over `scenes`; a figure without anything to count is 0."""
    pooled = list(scenes)
    iou = np.concatenate([scene.iou for scene in pooled]) if pooled else np.zeros(0)
    predicted = sum(scene.predicted for scene in pooled)
    true = sum(scene.true for scene in pooled)
    scores = []
    for threshold in thresholds:
        hits = int(np.count_nonzero(iou >= threshold))
        precision, recall = hits / max(predicted, 1), hits / max(true, 1)
        scores.append(SegmentationScore(threshold, precision, recall, 2 * hits / max(predicted + true, 1)))
    return scores
