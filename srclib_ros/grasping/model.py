"""A grasp model: one source object and the network that finds it and rates its grasps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from srclib_ros.artifact import open_sealed, read_bytes, read_json, resolve_inside
from srclib_ros.config import GraspConfig
from srclib_ros.errors import ArtifactDamagedError
from srclib_ros.geometry.height_map import HeightMap, rasterise, thinning_stride
from srclib_ros.grasping.decode import CellPoses, decode, owners
from srclib_ros.grasping.network import PIXELS_PER_DIAMETER, GridNetwork
from srclib_ros.grasping.object_model import FILE, ObjectModel, load_object
from srclib_ros.grasping.pose_distance import pose_distances
from srclib_ros.grasping.refine import Fit, SurfaceFitter
from srclib_ros.types import FloatArray, IntArray, Matrix, ObjectPose, Scene, Segment

Indices = npt.NDArray[np.int64]

KIND = "grasp_model"
SCHEMA = 1
CONFIG, ONNX = "config.json", "network.onnx"

MIN_PITCH_M = 0.0004  # finer than any camera over a bin sees
MAX_PIXELS = 4_000_000  # of a map; a part so small in a region so wide is not looked for
CONSIDERED = 60  # poses of a segment, the most confident ones, of which those are screened that differ
SCREENED = 12  # poses of a segment that are fitted coarsely
REFINED = 2  # poses of a segment that are then fitted finely
SEEN_AROUND = 1.5  # diameters around the segments asked about that the network is shown
DIFFERENT = 0.15  # diameters; nearer poses are one
_COARSE = {"model_points": 256, "points": 48, "iterations": 3}
_FINE = {"model_points": 500, "points": 96, "iterations": 6}
MOST_IN_SEGMENT = 3
LEFT_OVER = 0.25  # share of a segment off its pose, from which another part is looked for in it
_UNEXPLAINED = 0.08  # diameters off a posed surface
MIN_WORTH = 0.45  # a pose that agrees less with its segment and the map is dropped
_FULL_WORTH = 0.7  # one that agrees this well keeps its whole score
_AGREEING, _PROTRUDING = 0.05, 0.08  # diameters that a posed surface is off what was seen
_TRUST = 0.2  # what the network's own confidence counts beside the fit
_UPPER = 0.3  # least upward component of the normals of what a camera sees from above
_CHECKED_POINTS = 256


class GraspModel:
    """Finds instances of its part in a scene. `object.candidates` are the grasps that it rates."""

    def __init__(self, part: ObjectModel, network: GridNetwork, config: dict[str, Any] | None = None) -> None:
        self.object = part
        self.config = config or {}
        self.network = network
        self._coarse, self._fine = (
            SurfaceFitter(part.surface_points, part.surface_normals, part.diameter_m, effort["model_points"])
            for effort in (_COARSE, _FINE)
        )

    @classmethod
    def load(cls, folder: Path, threads: int = 2) -> GraspModel:
        """Open a sealed model folder, every hash checked. Raises ArtifactError."""
        folder = Path(folder)
        open_sealed(folder, KIND, SCHEMA)
        config = read_json(resolve_inside(folder, CONFIG))
        try:
            name, category, gripper = (str(config[key]) for key in ("name", "category", "gripper"))
            diameter_m = float(config["diameter_m"])
        except (TypeError, KeyError, ValueError) as error:
            raise ArtifactDamagedError(f"{folder / CONFIG}: lacks {error}; train the model again") from error
        part = load_object(resolve_inside(folder, FILE), name, category, diameter_m, gripper)
        network = GridNetwork(read_bytes(resolve_inside(folder, ONNX)), len(part.candidates), threads)
        return cls(part, network, config)

    def detect(self, scene: Scene, segments: Sequence[Segment], scale: float, config: GraspConfig) -> list[ObjectPose]:
        """At most one pose for each of `segments`, refined on its points; none where the network sees no such part.

        scale: size of the part in the scene over the size of this model's part; parts so small that a pixel of their
        map is below MIN_PITCH_M, or their map above MAX_PIXELS, are not found.
        """
        pitch = scale * self.object.diameter_m / PIXELS_PER_DIAMETER
        if pitch < MIN_PITCH_M or not segments:
            return []
        low, high = _region(segments, scene, pitch)
        if np.prod((high - low) / pitch) > MAX_PIXELS:
            return []
        grid = _map_of(scene, low, high, pitch)
        poses = decode(self.network.run(grid), grid, scale * self.object.centroid_m, config.min_presence)
        owner = owners(grid.labels, poses.cell)
        found: list[ObjectPose] = []
        left = list(segments)
        for _ in range(MOST_IN_SEGMENT):
            more = self._one_each(left, poses, owner, found, grid, scale)
            found += more
            left = self._unexplained(left, more, scale)
        return self._apart(found, scale)

    def _one_each(
        self,
        segments: Sequence[Segment],
        poses: CellPoses,
        owner: IntArray,
        found: Sequence[ObjectPose],
        grid: HeightMap,
        scale: float,
    ) -> list[ObjectPose]:
        """At most one more pose for each of `segments`, none near those found."""
        differing = [self._differing(poses, np.flatnonzero(owner == part.label), found, scale) for part in segments]
        number = np.repeat(np.arange(len(segments)), [len(index) for index in differing])
        if not len(number):
            return []
        tried = np.concatenate(differing)
        fit, worth = self._fitted(self._coarse, _COARSE, poses.T_bin_object[tried], segments, number, grid, scale)
        kept = _best_of_each(number, worth + _TRUST * poses.confidence[tried], REFINED)
        tried, number = tried[kept], number[kept]
        fit, worth = self._fitted(self._fine, _FINE, fit.T_bin_object[kept], segments, number, grid, scale)
        return [
            self._pose(segments[number[best]], poses, int(tried[best]), fit, int(best), float(worth[best]), scale)
            for best in _best_of_each(number, worth + _TRUST * poses.confidence[tried], 1)
            if worth[best] >= MIN_WORTH
        ]

    def _unexplained(self, segments: Sequence[Segment], found: Sequence[ObjectPose], scale: float) -> list[Segment]:
        """Of each segment with a pose, an even sample of what lies off the posed surface, if it is much."""
        pose_of = {pose.segment: pose for pose in found}
        left = []
        for part in segments:
            if part.label not in pose_of:
                continue
            points, normals = _evenly(part, min(_CHECKED_POINTS, len(part.points_bin)))
            T = pose_of[part.label].T_bin_object[None]
            off = self._fine.distances(points[None], normals[None], T, scale)[0] > _UNEXPLAINED
            if off.mean() > LEFT_OVER:
                left.append(replace(part, points_bin=points[off], normals_bin=normals[off]))
        return left

    def _apart(self, found: Sequence[ObjectPose], scale: float) -> list[ObjectPose]:
        """Without those that are nearly the pose of a better one: a part that was cut in two is one part."""
        best_first = sorted(found, key=lambda pose: -pose.score)
        T = np.array([pose.T_bin_object for pose in best_first]).reshape(-1, 4, 4)
        near = pose_distances(T, T, self.object, scale) < DIFFERENT
        kept: list[int] = []
        for index in range(len(best_first)):
            if not near[index, kept].any():
                kept.append(index)
        return [best_first[index] for index in kept]

    def _differing(self, poses: CellPoses, index: Indices, found: Sequence[ObjectPose], scale: float) -> Indices:
        """Of the poses in `index`, the most confident ones that differ, from one another and from those found."""
        if found:
            known = np.array([pose.T_bin_object for pose in found])
            far = pose_distances(poses.T_bin_object[index], known, self.object, scale).min(axis=1) >= DIFFERENT
            index = index[far]
        index = index[np.argsort(-poses.confidence[index], kind="stable")][:CONSIDERED]
        T = poses.T_bin_object[index]
        near = pose_distances(T, T, self.object, scale) < DIFFERENT
        kept: list[int] = []
        for candidate in range(len(index)):
            if len(kept) < SCREENED and not near[candidate, kept].any():
                kept.append(candidate)
        return index[kept]

    def _fitted(
        self,
        fitter: SurfaceFitter,
        effort: dict[str, int],
        T_bin_object: Matrix,
        segments: Sequence[Segment],
        number: Indices,
        grid: HeightMap,
        scale: float,
    ) -> tuple[Fit, Matrix]:
        """Each pose fitted to the segment that `number` gives for it, and what it is worth: the share of the segment
        that it explains, how well it fits it, and how far it agrees with what lies around; 1 is perfect.
        """
        clouds = [_evenly(part, effort["points"]) for part in segments]
        points, normals = (np.stack([cloud[kind] for cloud in clouds])[number] for kind in (0, 1))
        fit = fitter.fit(points, normals, T_bin_object, scale, effort["iterations"])
        misfit = fit.fit_m / (scale * self.object.diameter_m)
        return fit, (fit.explained + self._consistency(fit.T_bin_object, grid, scale)) / 2 - 2.0 * misfit

    def _consistency(self, T_bin_object: Matrix, grid: HeightMap, scale: float) -> Matrix:
        """(P,) how far the map agrees with the posed surface's upper side, at most 1.

        The share of it that lies where the camera saw a surface, less the share that stands out of what it saw;
        what lies deeper is hidden, and speaks neither for nor against.
        """
        step = max(1, len(self.object.surface_points) // _CHECKED_POINTS)
        surface, normals = scale * self.object.surface_points[::step], self.object.surface_normals[::step]
        R, t = T_bin_object[:, :3, :3].astype(np.float32), T_bin_object[:, None, :3, 3].astype(np.float32)
        placed = surface @ np.swapaxes(R, 1, 2) + t
        seen = grid.heights_at(placed[..., :2])
        counts = (R[:, 2] @ normals.T) > _UPPER
        counts &= ~np.isnan(seen)
        above = (placed[..., 2] - seen) / (scale * self.object.diameter_m)
        agreeing = (counts & (np.abs(above) < _AGREEING)).sum(axis=1)
        protruding = (counts & (above > _PROTRUDING)).sum(axis=1)
        share: Matrix = (agreeing - protruding) / np.maximum(counts.sum(axis=1), 1)
        return share

    def _pose(
        self, part: Segment, poses: CellPoses, cell: int, fit: Fit, index: int, worth: float, scale: float
    ) -> ObjectPose:
        return ObjectPose(
            segment=part.label,
            source=self.object.name,
            T_bin_object=fit.T_bin_object[index],
            scale=scale,
            score=float(poses.presence[cell]) * float(np.clip(worth / _FULL_WORTH, 0.0, 1.0)),
            visibility=float(poses.visibility[cell]),
            grasp_quality=poses.grasp_quality[cell],
            fit_m=float(fit.fit_m[index]),
        )


def _region(segments: Sequence[Segment], scene: Scene, pitch_m: float) -> tuple[Matrix, Matrix]:
    """Lower and upper corner (2,) in the bin frame of what can matter for `segments`."""
    half_bin = np.array(scene.bin.size_m[:2]) / 2
    margin = SEEN_AROUND * PIXELS_PER_DIAMETER * pitch_m
    corners = [f([f(part.points_bin[:, :2], axis=0) for part in segments], axis=0) for f in (np.min, np.max)]
    return np.maximum(corners[0] - margin, -half_bin), np.minimum(corners[1] + margin, half_bin)


def _map_of(scene: Scene, low: Matrix, high: Matrix, pitch_m: float) -> HeightMap:
    """The scene over a rectangle at a pitch; each pixel has the label of what is seen there."""
    x, y = scene.points_bin[..., 0], scene.points_bin[..., 1]
    index = np.flatnonzero(scene.inside & (x >= low[0]) & (x <= high[0]) & (y >= low[1]) & (y <= high[1]))
    columns, rows = np.maximum(np.ceil((high - low) / pitch_m), 1).astype(int)
    index = index[:: thinning_stride(len(index), pitch_m, (columns * pitch_m, rows * pitch_m))]
    points, labels = scene.points_bin.reshape(-1, 3)[index], scene.labels.ravel()[index]
    return rasterise(points, labels, pitch_m, low, (int(rows), int(columns)))


def _best_of_each(number: Indices, worth: Matrix, count: int) -> Indices:
    """Indices of the `count` best of each number, by number."""
    order = np.lexsort((-worth, number))
    first = np.searchsorted(number[order], number[order])
    kept: Indices = order[np.arange(len(order)) - first < count]
    return kept


def _evenly(part: Segment, count: int) -> tuple[FloatArray, FloatArray]:
    """`count` of a segment's points and normals, spread over it; repeated where it has fewer."""
    index = np.linspace(0, len(part.points_bin) - 1, count).astype(np.int64)
    normals = np.nan_to_num(part.normals_bin[index])
    return part.points_bin[index], normals
