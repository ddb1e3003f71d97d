"""What the open gripper would hit on its straight way down: other points, its own part, the bin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from srclib_ros.geometry.point_grid import PointGrid, box_distance
from srclib_ros.grasping.gripper import Gripper
from srclib_ros.grasping.surroundings import Surroundings
from srclib_ros.types import FloatArray, IntArray, Matrix, Scene

PLANE_BAND_M = 0.004
"""Points of no part this near to the floor or a wall are the floor or the wall, which are planes here."""
MAX_POINTS = 50_000
PITCH_M = 0.0025
"""Of the points over each square of this size the highest is asked first: what comes from above meets it first."""
RAYS, MIN_RAYS = 4_000, 4
_CORNERS = np.array([[(i >> axis) & 1 for axis in range(3)] for i in range(8)])
_EDGES = np.array([(i, i | 1 << axis) for i in range(8) for axis in range(3) if not i >> axis & 1])


@dataclass(frozen=True, eq=False)
class Clearances:
    """How near each of M grasps comes, metres; negative is penetration, never above the `reach_m` asked for.

    others_m: to points of other parts and of no part. own_m: to the points of its own part, which may lie between
    the fingers. hidden_m: to space that others than its own part hide from the sensor. bin_m: to walls and floor.
    """

    others_m: FloatArray
    own_m: FloatArray
    hidden_m: FloatArray
    bin_m: FloatArray

    @property
    def least_m(self) -> FloatArray:
        return np.minimum(np.minimum(self.others_m, self.own_m), np.minimum(self.hidden_m, self.bin_m))

    def collides(self, clearance_m: float) -> npt.NDArray[np.bool_]:
        """(M,) where less than `clearance_m` stays free of bin and others, or own part or unseen space is touched."""
        return (np.minimum(self.others_m, self.bin_m) < clearance_m) | (np.minimum(self.own_m, self.hidden_m) < 0)


class _Points:
    """Labelled points in a grid."""

    def __init__(self, points_bin: FloatArray, labels: IntArray) -> None:
        self._points_bin = points_bin
        self.labels = labels
        self.grid = PointGrid(points_bin)

    def take(self, index: npt.NDArray[np.int64]) -> _Points:
        return _Points(self._points_bin[index], self.labels[index])

    def nearest(
        self, T_bin_tcp: Matrix, boxes: Matrix, search: Matrix, part: npt.NDArray[Any], reach_m: float
    ) -> tuple[FloatArray, FloatArray]:
        """(M,) least distances from the bodies `boxes` (M, B, 2, 3) to points of other labels than `part`, and of it.

        search: (M, B, 2, 3) within which to look for points.
        """
        count, bodies = boxes.shape[:2]
        hits = self.grid.inside(np.repeat(T_bin_tcp, bodies, axis=0), search.reshape(-1, 2, 3), reach_m)
        distance = box_distance(hits.local, boxes.reshape(-1, 2, 3).astype(np.float32).take(hits.box, axis=0))
        own = self.labels[hits.point] == np.repeat(part, bodies)[hits.box]
        others_m, own_m = (
            hits.where(kept).minimum(distance[kept], count * bodies, reach_m).reshape(count, bodies).min(axis=1)
            for kept in (~own, own)
        )
        return others_m, own_m


class Obstacles:
    """The points and the bin that grippers must keep clear of; made once a scene.

    points_bin: (N, 3) float32, metres, bin frame, finite. labels: (N,) int, the part each point belongs
    to, 0 for none. bin_size_m: (x, y, z) of the bin, z = 0 for a plane without walls. viewpoint_bin: (3,) where
    the points were seen from, None where that does not matter. hidden: points (K, 3) over the edges of unseen space and
    the label of what hides it (K,), see `surroundings`; others than that part keep clear of them.
    """

    def __init__(
        self,
        points_bin: FloatArray,
        labels: IntArray,
        bin_size_m: tuple[float, float, float],
        viewpoint_bin: Matrix | None = None,
        hidden: tuple[FloatArray, IntArray] | None = None,
    ) -> None:
        self.bin_size_m = bin_size_m
        self._viewpoint_bin = viewpoint_bin
        points = np.asarray(points_bin, np.float32).reshape(-1, 3)
        keep = np.flatnonzero((labels > 0) | ~_on_bin(points, bin_size_m))
        self._all = _Points(points[keep], np.asarray(labels)[keep])
        self._summits = self._all.take(_summits(points[keep]))
        self._hidden = _Points(*hidden) if hidden is not None and len(hidden[0]) else None
        self._top_m = float(points[keep, 2].max()) if len(keep) else 0.0
        self._rays_bin = points[:: max(1, -(-len(points) // RAYS))]

    @classmethod
    def of_scene(cls, scene: Scene) -> Obstacles:
        """From the points inside the bin of a scene, every n-th where there are more than MAX_POINTS."""
        index = np.flatnonzero(scene.inside)
        index = index[:: max(1, -(-len(index) // MAX_POINTS))]
        points, labels = scene.points_bin.reshape(-1, 3)[index], scene.labels.reshape(-1)[index]
        around = Surroundings.of_scene(scene)
        hidden = around.hidden_bin, around.hidden_by
        return cls(points, labels, scene.bin.size_m, scene.viewpoint_bin, hidden)

    def clearances(
        self,
        T_bin_tcp: Matrix,
        opening_m: npt.ArrayLike,
        part: npt.ArrayLike,
        gripper: Gripper,
        *,
        sweep_m: float,
        reach_m: float = 0.005,
    ) -> Clearances:
        """Of M grasps: T_bin_tcp (M, 4, 4), opening_m (M,), part (M,) the label of what each is to grasp.

        sweep_m: length of the straight approach that ends at T_bin_tcp. reach_m: clearances beyond it count as it.
        """
        count = len(T_bin_tcp)
        opening = np.broadcast_to(np.asarray(opening_m, np.float64), count)
        part = np.broadcast_to(np.asarray(part), count)
        boxes = gripper.boxes_tcp(opening, sweep_m)
        bin_m = np.minimum(bin_clearance(T_bin_tcp, boxes, self.bin_size_m), reach_m).astype(np.float32)
        search = self._cut_above(T_bin_tcp, boxes)
        others_m, own_m = self._summits.nearest(T_bin_tcp, boxes, search, part, reach_m)
        left = np.flatnonzero(np.minimum(others_m, own_m) >= 0)  # what already collides needs no second look
        others_m[left], own_m[left] = self._all.nearest(T_bin_tcp[left], boxes[left], search[left], part[left], reach_m)
        hidden_m = np.full(count, reach_m, np.float32)
        if self._hidden is not None:
            left = np.flatnonzero(np.minimum(others_m, own_m) >= 0)
            hidden_m[left], _ = self._hidden.nearest(T_bin_tcp[left], boxes[left], search[left], part[left], reach_m)
        return Clearances(others_m, own_m, hidden_m, bin_m)

    def misses(
        self, T_bin_tcp: Matrix, opening_m: npt.ArrayLike, part: npt.ArrayLike, gripper: Gripper
    ) -> npt.NDArray[np.bool_]:
        """(M,) whether the gripper would miss the part: where it grasps nothing is seen, or mostly other parts.

        Nothing counts only where the sensor looked through that space (`reach_box_tcp`) at something beyond;
        what is hidden is given the benefit of the doubt.
        """
        count = len(T_bin_tcp)
        opening = np.broadcast_to(np.asarray(opening_m, np.float64), count)
        between = gripper.reach_box_tcp(opening)
        hits = self._summits.grid.inside(T_bin_tcp, between)
        label = self._summits.labels[hits.point]
        own = label == np.broadcast_to(np.asarray(part), count)[hits.box]
        owned = np.bincount(hits.box, own, minlength=count)
        strange = np.bincount(hits.box, ~own & (label > 0), minlength=count)
        missed = strange > owned
        empty = np.flatnonzero((owned == 0) & (strange == 0))
        missed[empty] = self._looked_through(T_bin_tcp[empty], between[empty])
        return missed

    def _looked_through(self, T_bin_tcp: Matrix, boxes: Matrix) -> npt.NDArray[np.bool_]:
        """(M,) whether at least MIN_RAYS lines of sight end beyond the box that they enter."""
        if self._viewpoint_bin is None or not len(boxes):
            return np.zeros(len(boxes), np.bool_)
        R, t = T_bin_tcp[:, :3, :3].astype(np.float32), T_bin_tcp[:, :3, 3].astype(np.float32)
        ends = np.matmul(self._rays_bin, R) - np.matmul(t[:, None], R)
        start = np.matmul((self._viewpoint_bin.astype(np.float32) - t)[:, None], R)
        with np.errstate(divide="ignore", invalid="ignore"):
            low, high = ((boxes[:, None, side] - start) / (ends - start) for side in (0, 1))
        enters = np.minimum(low, high).max(axis=2)
        leaves = np.maximum(low, high).min(axis=2)
        return ((enters < leaves) & (leaves < 1) & (enters > 0)).sum(axis=1) >= MIN_RAYS

    def _cut_above(self, T_bin_tcp: Matrix, boxes: Matrix) -> Matrix:
        """The boxes without what lies wholly above every point: less to search."""
        down = np.maximum(-T_bin_tcp[:, 2, 2], 0.05)
        reach = np.abs(boxes[:, :, :, :2]).max(axis=2) @ np.ones(2)
        rise = (self._top_m - T_bin_tcp[:, 2, 3])[:, None] + reach * np.sqrt(np.maximum(1 - down**2, 0))[:, None]
        cut = boxes.copy()
        cut[:, :, 0, 2] = np.maximum(boxes[:, :, 0, 2], -np.maximum(rise, 0) / down[:, None] - 1e-3)
        cut[:, :, 0, 2] = np.minimum(cut[:, :, 0, 2], boxes[:, :, 1, 2])
        return cut


def bin_clearance(T_bin_tcp: Matrix, boxes: Matrix, bin_size_m: tuple[float, float, float]) -> Matrix:
    """(M,) metres between boxes (M, B, 2, 3) in the TCP frames (M, 4, 4) and the floor and walls of the bin.

    The floor is z = 0. A wall fills everything beyond the inner size up to its height: a box beside it
    is as far as its part below the rim is from the wall; a box that reaches over it, as far as it is above the rim.
    """
    corners = np.where(_CORNERS == 1, boxes[:, :, None, 1], boxes[:, :, None, 0])
    R_tcp_bin = np.swapaxes(T_bin_tcp[:, None, :3, :3], 2, 3)
    world = np.matmul(corners, R_tcp_bin) + T_bin_tcp[:, None, None, :3, 3]
    clearance = world[..., 2].min(axis=(1, 2))
    length, width, height = bin_size_m
    if height > 0:
        inner = np.minimum(length / 2 - np.abs(world[..., 0]), width / 2 - np.abs(world[..., 1])).min(axis=(1, 2))
        near = np.flatnonzero(inner < clearance)
        clearance[near] = np.minimum(clearance[near], _wall_clearance(world[near], bin_size_m))
    return clearance


def _wall_clearance(corners_bin: Matrix, bin_size_m: tuple[float, float, float]) -> Matrix:
    """(M,) metres between boxes, by their corners (M, B, 8, 3) in the bin frame, and the four walls."""
    length, width, height = bin_size_m
    low, high = corners_bin[:, :, _EDGES[:, 0]], corners_bin[:, :, _EDGES[:, 1]]
    clearance = np.full(len(corners_bin), np.inf)
    for axis, inner in ((0, length / 2), (1, width / 2)):
        for side in (1, -1):
            beside = inner - _furthest(side * low[..., axis], side * high[..., axis], low[..., 2], high[..., 2], height)
            above = _furthest(-low[..., 2], -high[..., 2], -side * low[..., axis], -side * high[..., axis], -inner)
            over = -above - height
            apart = np.where(beside < 0, np.maximum(beside, over), np.minimum(beside, over))
            clearance = np.minimum(clearance, apart.min(axis=1))
    return clearance


def _furthest(a_value: Matrix, b_value: Matrix, a_level: Matrix, b_level: Matrix, limit: float) -> Matrix:
    """Largest value (...) over the edges a-b (..., E) where the level is at most `limit`; -inf where nowhere."""
    best = np.full(a_value.shape[:-1], -np.inf)
    for value, level in ((a_value, a_level), (b_value, b_level)):
        best = np.maximum(best, np.where(level <= limit, value, -np.inf).max(axis=-1))
    crosses = (a_level - limit) * (b_level - limit) < 0
    step = np.where(crosses, b_level - a_level, 1.0)
    crossing = a_value + (limit - a_level) / step * (b_value - a_value)
    return np.maximum(best, np.where(crosses, crossing, -np.inf).max(axis=-1))


def _summits(points_bin: FloatArray) -> npt.NDArray[np.int64]:
    """Indices of the highest point over each square of PITCH_M."""
    if not len(points_bin):
        return np.zeros(0, np.int64)
    cell = np.floor((points_bin[:, :2] - points_bin[:, :2].min(axis=0)) / PITCH_M).astype(np.int64)
    number = cell[:, 1] * (cell[:, 0].max() + 1) + cell[:, 0]
    height = points_bin[:, 2] - points_bin[:, 2].min()
    rising = np.argsort((height * (65_535 / max(float(height.max()), 1e-6))).astype(np.uint16), kind="stable")
    highest = np.full(number.max() + 1, -1)
    highest[number[rising]] = rising  # the last one written stays
    return highest[highest >= 0]


def _on_bin(points_bin: FloatArray, bin_size_m: tuple[float, float, float]) -> npt.NDArray[np.bool_]:
    length, width, height = bin_size_m
    on_bin = points_bin[:, 2] < PLANE_BAND_M
    if height > 0:
        at_wall = (
            np.maximum(np.abs(points_bin[:, 0]) - length / 2, np.abs(points_bin[:, 1]) - width / 2) > -PLANE_BAND_M
        )
        on_bin |= at_wall & (points_bin[:, 2] < height + PLANE_BAND_M)
    return on_bin
