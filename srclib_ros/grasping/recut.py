"""The scene cut anew where a network told parts apart that the segmentation did not."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from srclib_ros.geometry.mesh import surface_area_m2
from srclib_ros.geometry.transforms import apply, invert
from srclib_ros.grasping.object_model import ObjectModel
from srclib_ros.grasping.pose_search import UNSEGMENTED
from srclib_ros.types import IntArray, ObjectPose, Scene, Segment

MIN_POINTS = 20
CLAIMED = 0.06  # diameters from a posed surface; what lies farther stays where it was
SURFACE_POINTS = 512


def recut(
    scene: Scene, poses: Sequence[ObjectPose], objects: Mapping[str, ObjectModel]
) -> tuple[Scene, tuple[ObjectPose, ...]]:
    """The scene in which every pose has a segment of its own, and the poses, best first, with their labels there.

    objects: of each source that the poses name. The best pose of a segment keeps its label. Another takes the points
    that lie nearer to its surface than to any other's, a pose of no segment those of none too, and those of the
    segments in which its source was found; one that has fewer than MIN_POINTS in the end is left out, and a segment
    without points goes.
    """
    ordered = sorted(poses, key=lambda pose: -pose.score)
    first: dict[int, int] = {}
    for index, pose in enumerate(ordered):
        first.setdefault(pose.segment, index)
    new = [index for index, pose in enumerate(ordered) if pose.segment == UNSEGMENTED or first[pose.segment] != index]
    if not new:
        return scene, tuple(ordered)
    flat = scene.labels.reshape(-1)
    nearest, owner = np.full(flat.size, np.inf), np.full(flat.size, -1)
    torn = {ordered[index].segment for index in new}
    searched = {ordered[index].source for index in new if ordered[index].segment == UNSEGMENTED}
    for index, pose in enumerate(ordered):
        if pose.segment not in torn and pose.source not in searched:
            continue
        of = {pose.segment}
        if pose.segment == UNSEGMENTED:
            of |= {other.segment for other in ordered if other.source == pose.source}
        claim, distance = _claim(scene, of, pose, objects[pose.source])
        nearer = distance < nearest[claim]
        nearest[claim[nearer]], owner[claim[nearer]] = distance[nearer], index
    labels, label = flat.copy(), int(flat.max())
    kept = {index: pose for index, pose in enumerate(ordered) if index not in new}
    for index in new:
        mine = owner == index
        if np.count_nonzero(mine) >= MIN_POINTS:
            label += 1
            labels[mine] = label
            kept[index] = replace(ordered[index], segment=label)
    remaining = np.bincount(labels, minlength=label + 1)
    kept = {index: pose for index, pose in kept.items() if index in new or remaining[pose.segment] >= MIN_POINTS}
    return _relabelled(scene, labels.reshape(scene.labels.shape)), tuple(kept[index] for index in sorted(kept))


def _claim(
    scene: Scene, of: Collection[int], pose: ObjectPose, part: ObjectModel
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Indices into the flattened cloud of the points of these segments that lie near the posed surface, and how far
    off it they lie, metres."""
    size = pose.scale * part.diameter_m
    x, y, _ = scene.inside_points_bin
    middle = pose.T_bin_object[:3, :3] @ (pose.scale * part.centroid_m) + pose.T_bin_object[:3, 3]
    index = scene.inside_index[(np.abs(x - middle[0]) < size) & (np.abs(y - middle[1]) < size)]
    index = index[np.isin(scene.labels.reshape(-1)[index], list(of))]
    local = apply(invert(pose.T_bin_object), scene.points_bin.reshape(-1, 3)[index]) / pose.scale
    step = max(1, len(part.surface_points) // SURFACE_POINTS)
    surface = cKDTree(part.surface_points[::step])
    grain = np.sqrt(surface_area_m2(part.vertices, part.faces) / len(part.surface_points[::step]))
    distance, _ = surface.query(local, distance_upper_bound=CLAIMED * part.diameter_m + grain)
    claimed = np.isfinite(distance)
    return index[claimed], pose.scale * distance[claimed]


def _relabelled(scene: Scene, labels: IntArray) -> Scene:
    """The scene under other labels; segments that lost points are made anew, unjudged, those without points go."""
    points, normals = scene.points_bin.reshape(-1, 3), scene.normals_bin.reshape(-1, 3)
    before = {part.label: part for part in scene.segments}
    segments = []
    for label in range(1, int(labels.max()) + 1):
        index = np.flatnonzero(labels == label)
        old = before.get(label)
        if old is not None and len(old.indices) == len(index):
            segments.append(old)
        elif len(index):
            segments.append(Segment(label, index, points[index], normals[index]))
    return replace(scene, labels=labels, segments=tuple(segments))
