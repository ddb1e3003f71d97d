"""A grasp model: one source object and the network that finds it and rates its grasps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from srclib_ros.artifact import open_sealed, read_bytes, read_json, resolve_inside
from srclib_ros.config import GraspConfig
from srclib_ros.errors import ArtifactDamagedError
from srclib_ros.geometry.height_map import HeightMap, height_map
from srclib_ros.grasping.decode import CellPoses, decode, owners
from srclib_ros.grasping.network import PIXELS_PER_DIAMETER, GridNetwork
from srclib_ros.grasping.object_model import FILE, ObjectModel, load_object
from srclib_ros.grasping.pose_distance import pose_distances
from srclib_ros.grasping.refine import Fit, SurfaceFitter
from srclib_ros.types import FloatArray, Matrix, ObjectPose, Scene, Segment

KIND = "grasp_model"
SCHEMA = 1
CONFIG, ONNX = "config.json", "network.onnx"

TRIED = 3  # poses a segment that are refined
CONSIDERED = 12  # poses a segment that these are chosen from
DIFFERENT = 0.15  # diameters; nearer poses are one
FITTED_POINTS = 128
MIN_EXPLAINED = 0.35  # a pose that explains fewer of its segment's points is dropped
_PROTRUDING = 0.08  # diameters that a posed surface may stand out of what was seen
_CHECKED_POINTS = 256


class GraspModel:
    """Finds instances of its part in a scene. `object.candidates` are the grasps that it rates."""

    def __init__(self, part: ObjectModel, network: GridNetwork, config: dict[str, Any] | None = None) -> None:
        self.object = part
        self.config = config or {}
        self._network = network
        self._fitter = SurfaceFitter(part.surface_points, part.surface_normals, part.diameter_m)

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

        scale: size of the part in the scene over the size of this model's part.
        """
        grid = scene_height_map(scene, scale * self.object.diameter_m / PIXELS_PER_DIAMETER)
        poses = decode(self._network.run(grid), grid, scale * self.object.centroid_m, config.min_presence)
        owner = owners(grid.labels, poses.cell)
        chosen = [self._hypotheses(poses, np.flatnonzero(owner == part.label), scale) for part in segments]
        if not sum(map(len, chosen)):
            return []
        tried = np.concatenate(chosen)
        of_segment = np.repeat(np.arange(len(segments)), [len(index) for index in chosen])
        clouds = [_evenly(part, FITTED_POINTS) for part in segments]
        points, normals = (np.stack([clouds[i][kind] for i in of_segment]) for kind in (0, 1))
        fit = self._fitter.fit(points, normals, poses.T_bin_object[tried], scale)
        worth = fit.explained - self._protruding(fit.T_bin_object, grid, scale)
        found = []
        for number, part in enumerate(segments):
            own = np.flatnonzero(of_segment == number)
            if len(own):
                best = own[np.argmax(worth[own] + 0.1 * poses.confidence[tried[own]])]
                if fit.explained[best] >= MIN_EXPLAINED:
                    found.append(self._pose(part, poses, int(tried[best]), fit, int(best), float(worth[best]), scale))
        return found

    def _hypotheses(self, poses: CellPoses, index: np.ndarray, scale: float) -> np.ndarray:
        """Of the poses in `index`, the most confident ones that differ."""
        index = index[np.argsort(-poses.confidence[index], kind="stable")][:CONSIDERED]
        T = poses.T_bin_object[index]
        near = pose_distances(T, T, self.object, scale) < DIFFERENT
        kept: list[int] = []
        for candidate in range(len(index)):
            if len(kept) < TRIED and not near[candidate, kept].any():
                kept.append(candidate)
        return index[kept]

    def _protruding(self, T_bin_object: Matrix, grid: HeightMap, scale: float) -> FloatArray:
        """(P,) share of the posed surface that stands out of what the camera saw, where it saw anything."""
        surface = self.object.surface_points
        surface = scale * surface[:: max(1, len(surface) // _CHECKED_POINTS)]
        placed = surface @ np.swapaxes(T_bin_object[:, :3, :3], 1, 2) + T_bin_object[:, None, :3, 3]
        seen = grid.heights_at(placed[..., :2])
        known = ~np.isnan(seen)
        above = placed[..., 2] - np.where(known, seen, np.inf) > _PROTRUDING * scale * self.object.diameter_m
        share: FloatArray = above.sum(axis=1) / np.maximum(known.sum(axis=1), 1)
        return share

    def _pose(
        self, part: Segment, poses: CellPoses, cell: int, fit: Fit, index: int, worth: float, scale: float
    ) -> ObjectPose:
        return ObjectPose(
            segment=part.label,
            source=self.object.name,
            T_bin_object=fit.T_bin_object[index],
            scale=scale,
            score=float(poses.presence[cell]) * float(np.clip(worth, 0.0, 1.0)),
            visibility=float(poses.visibility[cell]),
            grasp_quality=poses.grasp_quality[cell],
            fit_m=float(fit.fit_m[index]),
        )


def scene_height_map(scene: Scene, pitch_m: float) -> HeightMap:
    """The whole bin at a pitch, each pixel labelled with the segment that is seen there."""
    index = np.flatnonzero(scene.inside.ravel())
    points = scene.points_bin.reshape(-1, 3)[index]
    labels = scene.labels.ravel()[index]
    return height_map(points, labels, pitch_m, scene.bin.size_m[:2])


def _evenly(part: Segment, count: int) -> tuple[FloatArray, FloatArray]:
    """`count` of a segment's points and normals, spread over it; repeated where it has fewer."""
    index = np.linspace(0, len(part.points_bin) - 1, count).astype(np.int64)
    normals = np.nan_to_num(part.normals_bin[index])
    return part.points_bin[index], normals
