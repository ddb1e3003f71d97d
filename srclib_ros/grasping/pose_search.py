"""Which of the poses that a network's cells speak of are parts: fitted to the points, held against what is seen around.

A segment may hold several parts, a part lie in two segments or, thin on the floor, in none: the network decides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from srclib_ros.geometry.height_map import HeightMap
from srclib_ros.grasping.decode import CellPoses
from srclib_ros.grasping.object_model import ObjectModel
from srclib_ros.grasping.pose_distance import pose_distances
from srclib_ros.grasping.refine import Fit, SurfaceFitter
from srclib_ros.types import FloatArray, IntArray, Matrix, ObjectPose, Segment

Indices = npt.NDArray[np.int64]
Around = Callable[[], tuple[FloatArray, FloatArray]]

UNSEGMENTED = 0
"""`ObjectPose.segment` of a part that lies in no segment."""
CONSIDERED = 48  # poses of a segment, the most confident ones, of which those are screened that differ
SCREENED = 8  # poses of a segment that are fitted coarsely
REFINED = 2  # poses of a segment that are then fitted finely
DIFFERENT = 0.15  # diameters; nearer poses are one
MOST_IN_SEGMENT = 3
LEFT_OVER = 0.25  # share of a segment off its pose, from which another part is looked for in it
_LEFT_POINTS = 200  # of a segment that are looked at for that
_UNEXPLAINED = 0.08  # diameters off a posed surface
_COARSE = {"model_points": 256, "points": 48, "iterations": 3}
_FINE = {"model_points": 500, "points": 96, "iterations": 6}
MIN_WORTH = 0.45  # a pose that agrees less with its segment and the map is dropped
_FULL_WORTH = 0.7  # one that agrees this well keeps its whole score
_AGREEING, _PROTRUDING = 0.025, 0.04  # diameters that a posed surface is off what was seen
_TRUST = 0.2  # what the network's own confidence counts beside the fit
_UPPER = 0.3  # least upward component of the normals of what a camera sees from above
_CHECKED_POINTS = 384
_MAPPED = 0.4  # of the points of a posed surface's upper side this share at least is to lie where something was seen
_SURE = 0.5  # least presence of a part that lies in no segment
COPIES = 2
"""So many parts must be found in segments before one is looked for in none: among other parts it would be a mistake."""
_BESIDE = 0.35  # diameters between the centroids of two parts
_NEARBY_POINTS = 400
_REACH = 1.1  # times the distance from the centroid to the farthest point of a part
_FEW = 0.25  # least share of a segment that a part in it has
_DENSER = 3  # times the points that are used


@dataclass(frozen=True, eq=False)
class _Tried:
    """P poses of cells, each for the segment `number`. worth: (P,), 1 is perfect. fit_m: (P,), NaN where not fitted."""

    cell: Indices
    number: Indices
    T_bin_object: Matrix
    worth: Matrix
    fit_m: Matrix

    def take(self, index: Indices) -> _Tried:
        return _Tried(
            self.cell[index], self.number[index], self.T_bin_object[index], self.worth[index], self.fit_m[index]
        )


class PoseSearch:
    """Poses of one part at one scale, in one scene.

    poses: of the network's cells. owner: (N,) label of the segment that each lies in. seen: the scene as a map, finer
    than the network's. scale: size of the part in the scene over its size in `part`.
    """

    def __init__(
        self, fitters: Fitters, part: ObjectModel, poses: CellPoses, owner: IntArray, seen: HeightMap, scale: float
    ) -> None:
        self._coarse, self._fine = fitters.coarse, fitters.fine
        self._part, self._poses, self._owner, self._seen, self._scale = part, poses, owner, seen, scale
        farthest = float(np.linalg.norm(part.vertices - part.centroid_m, axis=1).max())
        self._reach_m = _REACH * scale * farthest

    def find(self, segments: Sequence[Segment], around: Around) -> list[ObjectPose]:
        """Every part once, most certain first; of one segment several may be, and some of none.

        around: gives points and normals (N, 3) of these segments and of what lies in none.
        """
        found: list[ObjectPose] = []
        left = list(segments)
        for _ in range(MOST_IN_SEGMENT):
            more = self._one_each(left, found)
            found += more
            left = self._unexplained(left, more)
        found = self._apart(found)
        return self._apart(found + self._unsegmented(segments, found, around))

    def _one_each(self, segments: Sequence[Segment], found: Sequence[ObjectPose]) -> list[ObjectPose]:
        """At most one more pose for each of `segments`, none near those found."""
        differing = [self._differing(np.flatnonzero(self._owner == part.label), found) for part in segments]
        number = np.repeat(np.arange(len(segments)), [len(index) for index in differing])
        if not len(number):
            return []
        cell = np.concatenate(differing)
        said = _Tried(cell, number, self._poses.T_bin_object[cell], np.zeros(len(cell)), np.zeros(len(cell)))
        rough = self._fitted(said, segments, self._coarse, _COARSE)
        tried = self._fitted(rough.take(self._best_of_each(rough, REFINED)), segments, self._fine, _FINE)
        best = tried.take(self._best_of_each(tried, 1))
        return [
            self._pose(segments[best.number[row]].label, best, row)
            for row in range(len(best.cell))
            if best.worth[row] >= MIN_WORTH
        ]

    def _unsegmented(
        self, segments: Sequence[Segment], found: Sequence[ObjectPose], around: Around
    ) -> list[ObjectPose]:
        """Parts that the network is sure of, but that no pose was found for in a segment."""
        if len(found) < COPIES:
            return []
        asked = [UNSEGMENTED, *(part.label for part in segments)]
        index = np.flatnonzero((self._poses.presence >= _SURE) & np.isin(self._owner, asked))
        index = index[np.argsort(-self._poses.confidence[index], kind="stable")]
        centroid, beside = self._poses.centroid_bin, _BESIDE * self._scale * self._part.diameter_m
        for pose in found:
            index = index[np.linalg.norm(centroid[index] - self._centroid(pose), axis=1) >= beside]
        more: list[ObjectPose] = []
        cloud = around() if len(index) else None
        while cloud is not None and len(index):
            near = np.linalg.norm(centroid[index] - centroid[index[0]], axis=1) < beside
            tried = self._fitted_nearby(self._differing(index[near], found), cloud)
            index = index[~near]
            best = self._best_of_each(tried, 1)
            more += [
                self._pose(int(self._owner[tried.cell[row]]), tried, int(row))
                for row in best
                if tried.worth[row] >= MIN_WORTH
            ]
        return more

    def _fitted_nearby(self, cell: Indices, around: tuple[FloatArray, FloatArray]) -> _Tried:
        """Poses of cells, each fitted to the points that lie nearest to it. They explain these anyhow, so that what
        they are worth is how far they agree with what was seen."""
        T, (points, normals) = self._poses.T_bin_object[cell], around
        size = self._scale * self._part.diameter_m
        middle = T[:, :3, 3].mean(axis=0) if len(cell) else np.zeros(3)
        local = np.flatnonzero(np.linalg.norm(points - middle, axis=1) < size)
        if len(cell) and len(local) >= _FINE["points"]:
            local = local[:: max(1, len(local) // _NEARBY_POINTS)]
            points, normals = (np.repeat(array[local][None], len(cell), axis=0) for array in around)
            distance = self._fine.distances(points, normals, T, self._scale)
            nearest = np.argsort(distance, axis=1, kind="stable")[:, : _FINE["points"], None]
            points, normals = (np.take_along_axis(array, nearest, axis=1) for array in (points, normals))
            fitted = self._fine.fit(points, normals, T, self._scale, _FINE["iterations"]).T_bin_object
            gains = self._consistency(fitted) > self._consistency(T)
            T = np.where(gains[:, None, None], fitted, T)
        return _Tried(cell, np.zeros_like(cell), T, self._consistency(T), np.full(len(cell), np.nan))

    def _differing(self, index: Indices, found: Sequence[ObjectPose]) -> Indices:
        """Of the poses in `index`, the most confident ones that differ, from one another and from those found."""
        if found and len(index):
            known = np.array([pose.T_bin_object for pose in found])
            index = index[self._distances(self._poses.T_bin_object[index], known).min(axis=1) >= DIFFERENT]
        index = index[np.argsort(-self._poses.confidence[index], kind="stable")][:CONSIDERED]
        T = self._poses.T_bin_object[index]
        near = self._distances(T, T) < DIFFERENT
        kept: list[int] = []
        for candidate in range(len(index)):
            if len(kept) < SCREENED and not near[candidate, kept].any():
                kept.append(candidate)
        return index[kept]

    def _unexplained(self, segments: Sequence[Segment], found: Sequence[ObjectPose]) -> list[Segment]:
        """Of each segment with a pose, an even sample of what lies off the posed surface, if it is much."""
        pose_of = {pose.segment: pose for pose in found}
        left = []
        for part in segments:
            if part.label not in pose_of:
                continue
            points, normals = evenly(part, min(_LEFT_POINTS, len(part.points_bin)))
            T = pose_of[part.label].T_bin_object[None]
            off = self._fine.distances(points[None], normals[None], T, self._scale)[0] > _UNEXPLAINED
            if off.mean() > LEFT_OVER:
                left.append(replace(part, points_bin=points[off], normals_bin=normals[off]))
        return left

    def _apart(self, found: Sequence[ObjectPose]) -> list[ObjectPose]:
        """Best first, without those that are nearly the pose of a better one: a part cut in two is one part."""
        best_first = sorted(found, key=lambda pose: -pose.score)
        T = np.array([pose.T_bin_object for pose in best_first]).reshape(-1, 4, 4)
        near = self._distances(T, T) < DIFFERENT
        kept: list[int] = []
        for index in range(len(best_first)):
            if not near[index, kept].any():
                kept.append(index)
        return [best_first[index] for index in kept]

    def _fitted(
        self, tried: _Tried, segments: Sequence[Segment], fitter: SurfaceFitter, effort: dict[str, int]
    ) -> _Tried:
        """Each pose fitted to its segment, or left as it is where that is worth more: the share of the segment that it
        explains, how well it fits it, and how far it agrees with what lies around."""
        points, normals = self._within_reach(tried, segments, effort["points"])
        before, after = (
            fitter.fit(points, normals, tried.T_bin_object, self._scale, iterations)
            for iterations in (0, effort["iterations"])
        )
        (worth_before, worth_after) = (self._worth(fit) for fit in (before, after))
        gains = worth_after > worth_before
        return replace(
            tried,
            T_bin_object=np.where(gains[:, None, None], after.T_bin_object, before.T_bin_object),
            worth=np.where(gains, worth_after, worth_before),
            fit_m=np.where(gains, after.fit_m, before.fit_m),
        )

    def _within_reach(self, tried: _Tried, segments: Sequence[Segment], count: int) -> tuple[FloatArray, FloatArray]:
        """(P, count, 3) points and normals for each pose, of those of its segment that its part can reach to: the rest
        are another's. All where these are few."""
        clouds = [evenly(part, _DENSER * count) for part in segments]
        points, normals = (np.stack([cloud[kind] for cloud in clouds])[tried.number] for kind in (0, 1))
        R, t = tried.T_bin_object[:, :3, :3], tried.T_bin_object[:, :3, 3]
        middle = (R @ (self._scale * self._part.centroid_m) + t)[:, None].astype(np.float32)
        near = ((points - middle) ** 2).sum(axis=2) < self._reach_m**2
        near |= near.mean(axis=1, keepdims=True) < _FEW
        order = np.argsort(~near, axis=1, kind="stable")
        chosen = (np.arange(count) * near.sum(axis=1, keepdims=True)) // count
        index = np.take_along_axis(order, chosen, axis=1)[..., None]
        return np.take_along_axis(points, index, axis=1), np.take_along_axis(normals, index, axis=1)

    def _worth(self, fit: Fit) -> Matrix:
        misfit = fit.fit_m / (self._scale * self._part.diameter_m)
        worth: Matrix = (fit.explained + self._consistency(fit.T_bin_object)) / 2 - 2.0 * misfit
        return worth

    def _best_of_each(self, tried: _Tried, count: int) -> Indices:
        """Indices of the `count` best of each number, by number."""
        worth = tried.worth + _TRUST * self._poses.confidence[tried.cell]
        order = np.lexsort((-worth, tried.number))
        first = np.searchsorted(tried.number[order], tried.number[order])
        kept: Indices = order[np.arange(len(order)) - first < count]
        return kept

    def _consistency(self, T_bin_object: Matrix) -> Matrix:
        """(P,) how far what was seen agrees with the posed surface's upper side, at most 1.

        The share of it that lies where the camera saw a surface, less the share that stands out of what it saw;
        what lies deeper is hidden, and speaks neither for nor against.
        """
        step = max(1, len(self._part.surface_points) // _CHECKED_POINTS)
        surface, normals = self._scale * self._part.surface_points[::step], self._part.surface_normals[::step]
        R, t = T_bin_object[:, :3, :3].astype(np.float32), T_bin_object[:, None, :3, 3].astype(np.float32)
        placed = surface @ np.swapaxes(R, 1, 2) + t
        seen = self._seen.heights_at(placed[..., :2])
        upper = (R[:, 2] @ normals.T) > _UPPER
        counts = upper & ~np.isnan(seen)
        above = (placed[..., 2] - seen) / (self._scale * self._part.diameter_m)
        agreeing = (counts & (np.abs(above) < _AGREEING)).sum(axis=1)
        protruding = (counts & (above > _PROTRUDING)).sum(axis=1)
        share: Matrix = (agreeing - protruding) / np.maximum(counts.sum(axis=1), _MAPPED * upper.sum(axis=1) + 1)
        return share

    def _pose(self, label: int, tried: _Tried, row: int) -> ObjectPose:
        cell = int(tried.cell[row])
        return ObjectPose(
            segment=label,
            source=self._part.name,
            T_bin_object=tried.T_bin_object[row],
            scale=self._scale,
            score=float(self._poses.presence[cell]) * float(np.clip(tried.worth[row] / _FULL_WORTH, 0.0, 1.0)),
            visibility=float(self._poses.visibility[cell]),
            grasp_quality=self._poses.grasp_quality[cell],
            fit_m=float(tried.fit_m[row]),
        )

    def _centroid(self, pose: ObjectPose) -> Matrix:
        placed: Matrix = pose.T_bin_object[:3, :3] @ (self._scale * self._part.centroid_m) + pose.T_bin_object[:3, 3]
        return placed

    def _distances(self, T_a: Matrix, T_b: Matrix) -> Matrix:
        return pose_distances(T_a, T_b, self._part, self._scale)


class Fitters:
    """What fits a part's surface to points, roughly and finely; made once a part."""

    def __init__(self, part: ObjectModel) -> None:
        self.coarse, self.fine = (
            SurfaceFitter(part.surface_points, part.surface_normals, part.diameter_m, effort["model_points"])
            for effort in (_COARSE, _FINE)
        )


def evenly(part: Segment, count: int) -> tuple[FloatArray, FloatArray]:
    """`count` of a segment's points and normals, spread over it; repeated where it has fewer."""
    index = np.linspace(0, len(part.points_bin) - 1, count).astype(np.int64)
    normals = np.nan_to_num(part.normals_bin[index])
    return part.points_bin[index], normals
