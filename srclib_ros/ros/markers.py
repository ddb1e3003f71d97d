"""A grasp plan drawn for RViz: the bin, a box and a label a part, a fork or funnel a grasp, the best gripper solid."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from geometry_msgs.msg import Point, Pose, Vector3
from std_msgs.msg import ColorRGBA
from visualization_msgs.msg import Marker, MarkerArray

from srclib_ros.geometry.transforms import make_transform
from srclib_ros.grasping.gripper import Gripper
from srclib_ros.grasping.suction.cup import SuctionCup
from srclib_ros.ros.convert import label_colour, matrix_to_pose
from srclib_ros.ros.placement import Placement
from srclib_ros.types import Bin, Grasp, GraspPlan, Match, Matrix, Segment

_LINE_M = 0.0015
_TEXT_M = 0.012
_CORNERS = np.array([(x, y, z) for x in (0, 1) for y in (0, 1) for z in (0, 1)])
_EDGES = [(a, b) for a in range(8) for b in range(a + 1, 8) if np.abs(_CORNERS[a] - _CORNERS[b]).sum() == 1]


def plan_markers(plan: GraspPlan, gripper: Gripper, placement: Placement, clearance_m: float) -> MarkerArray:
    """Everything of one plan; what an earlier one drew is deleted first.

    The best grasp's gripper is drawn as it comes down, open by `clearance_m` to each side of the part.
    """
    T_frame_bin = placement.T_frame_bin(plan)
    in_bin = matrix_to_pose(T_frame_bin)
    by_part = {match.segment: match for match in plan.matches}
    markers = [Marker(action=Marker.DELETEALL), _bin_marker(plan.scene.bin, in_bin)]
    for part in plan.scene.segments:
        markers.append(_box_marker(part, in_bin))
        markers.append(_label_marker(part, by_part.get(part.label), T_frame_bin))
    markers += [_fork_marker(rank, grasp, gripper, T_frame_bin) for rank, grasp in enumerate(plan.grasps)]
    if plan.grasps:
        markers += _solid_markers(plan.grasps[0], gripper, clearance_m, T_frame_bin)
    for marker in markers:
        marker.header = placement.header
    return MarkerArray(markers=markers)


def _bin_marker(bin: Bin, pose: Pose) -> Marker:
    length, width, height = bin.size_m
    low, high = np.array((-length / 2, -width / 2, 0.0)), np.array((length / 2, width / 2, height))
    return _lines("bin", 0, pose, _edges(low, high), (0.9, 0.9, 0.9))


def _box_marker(part: Segment, pose: Pose) -> Marker:
    low, high = part.points_bin.min(axis=0), part.points_bin.max(axis=0)
    return _lines("parts", part.label, pose, _edges(low, high), label_colour(part.label))


def _label_marker(part: Segment, match: Match | None, T_frame_bin: Matrix) -> Marker:
    top = np.array((*part.centroid_bin[:2], part.points_bin[:, 2].max() + 2 * _TEXT_M), dtype=np.float64)
    marker = Marker(ns="labels", id=part.label, type=Marker.TEXT_VIEW_FACING, text=_label(part, match))
    marker.pose = matrix_to_pose(T_frame_bin @ make_transform(np.eye(3), top))
    marker.scale.z = _TEXT_M
    marker.color = _colour((1.0, 1.0, 1.0))
    return marker


def _label(part: Segment, match: Match | None) -> str:
    if match is None:
        return str(part.label)
    if match.source is None:
        return f"{part.label}: model-free" + (", doubtful" if match.doubtful else "")
    return f"{part.label}: {match.source} {match.nearest.similarity:.2f}"


def _fork_marker(rank: int, grasp: Grasp, gripper: Gripper, T_frame_bin: Matrix) -> Marker:
    points = _funnel(gripper) if isinstance(gripper, SuctionCup) else _fork(grasp.width_m, gripper.finger_depth_m)
    quality = min(1.0, max(0.0, grasp.quality))
    return _lines("grasps", rank, matrix_to_pose(T_frame_bin @ grasp.T_bin_tcp), points, (1 - quality, quality, 0.1))


def _fork(width_m: float, depth: float) -> Matrix:
    """Ends of lines, TCP frame: two fingers, the bar between them, a handle."""
    half = width_m / 2
    left, right, root, back = (0, -half, -depth), (0, half, -depth), (0, 0, -depth), (0, 0, -1.5 * depth)
    return np.array([(0, -half, 0), left, left, right, right, (0, half, 0), root, back])


def _funnel(cup: SuctionCup) -> Matrix:
    """Ends of lines, TCP frame: the lip, four sides up to the tube, the tube."""
    angle = np.linspace(0.0, 2.0 * np.pi, 13)
    lip = cup.radius_m * np.stack([np.cos(angle), np.sin(angle), np.zeros(13)], axis=1)
    root, back = np.array((0.0, 0.0, -cup.bellows_m)), np.array((0.0, 0.0, -cup.bellows_m - cup.tube_length_m))
    sides = [end for corner in lip[:-1:3] for end in (corner, root)]
    return np.array([*np.stack([lip[:-1], lip[1:]], axis=1).reshape(-1, 3), *sides, root, back])


def _solid_markers(grasp: Grasp, gripper: Gripper, clearance_m: float, T_frame_bin: Matrix) -> list[Marker]:
    markers = []
    for index, (low, high) in enumerate(gripper.boxes_tcp(gripper.opening_m(grasp.width_m, clearance_m))):
        marker = Marker(ns="best_grasp", id=index, type=Marker.CUBE, color=_colour((0.1, 0.7, 1.0), 0.7))
        marker.pose = matrix_to_pose(T_frame_bin @ grasp.T_bin_tcp @ make_transform(np.eye(3), (low + high) / 2))
        marker.scale = Vector3(**dict(zip("xyz", (high - low).tolist(), strict=True)))
        markers.append(marker)
    return markers


def _edges(low: Matrix, high: Matrix) -> Matrix:
    """(24, 3) ends of the twelve edges of a box."""
    corners = low + _CORNERS * (high - low)
    return np.array([corners[end] for edge in _EDGES for end in edge], dtype=np.float64)


def _lines(ns: str, identity: int, pose: Pose, points: Matrix, colour: Sequence[float]) -> Marker:
    marker = Marker(ns=ns, id=identity, type=Marker.LINE_LIST, pose=pose, color=_colour(colour))
    marker.scale.x = _LINE_M
    marker.points = [Point(x=x, y=y, z=z) for x, y, z in points.astype(np.float64).tolist()]
    return marker


def _colour(rgb: Sequence[float], alpha: float = 1.0) -> ColorRGBA:
    red, green, blue = (float(value) for value in rgb)
    return ColorRGBA(r=red, g=green, b=blue, a=alpha)
