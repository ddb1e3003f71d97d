"""A grasp model: one source object and the network that finds it and rates its grasps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from srclib_ros.artifact import open_sealed, read_bytes, read_json, resolve_inside
from srclib_ros.config import GraspConfig
from srclib_ros.errors import ArtifactDamagedError
from srclib_ros.geometry.height_map import HeightMap, rasterise, thinning_stride
from srclib_ros.grasping.decode import decode, owners
from srclib_ros.grasping.network import PIXELS_PER_DIAMETER, Cells, GridNetwork
from srclib_ros.grasping.object_model import FILE, ObjectModel, load_object
from srclib_ros.grasping.pose_search import Fitters, PoseSearch, evenly
from srclib_ros.types import FloatArray, Matrix, ObjectPose, Scene, Segment

KIND = "grasp_model"
SCHEMA = 1
CONFIG, ONNX = "config.json", "network.onnx"

MIN_PITCH_M = 0.0004  # finer than any camera over a bin sees
EXPLAINED_POINTS = 200
MAX_PIXELS = 4_000_000  # of a map; a part so small in a region so wide is not looked for
FINEST_M, SPACINGS = 0.0005, 1.2
"""Pixels that poses are held against: so many gaps between the camera's points, but never finer."""
_SEEN: WeakKeyDictionary[Scene, HeightMap] = WeakKeyDictionary()
SEEN_AROUND = 1.5  # diameters around the segments asked about that the network is shown


class Network(Protocol):
    """What finds parts in a height map: a `GridNetwork`, or one that is still being trained."""

    def run(self, height_map: HeightMap, /) -> Cells: ...


class GraspModel:
    """Finds instances of its part in a scene. `object.candidates` are the grasps that it rates."""

    def __init__(self, part: ObjectModel, network: Network, config: dict[str, Any] | None = None) -> None:
        self.object = part
        self.config = config or {}
        self.network = network
        self._fitters = Fitters(part)

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
        """Every part that the network sees in `segments`, or near them in none, once; most certain first.

        scale: size of the part in the scene over the size of this model's part; parts so small that a pixel of their
        map is below MIN_PITCH_M, or their map above MAX_PIXELS, are not found. A pose's segment is UNSEGMENTED where
        the part lies in none; several poses may have the same.
        """
        pitch = scale * self.object.diameter_m / PIXELS_PER_DIAMETER
        if pitch < MIN_PITCH_M or not segments:
            return []
        low, high = _region(segments, scene, pitch)
        if np.prod((high - low) / pitch) > MAX_PIXELS:
            return []
        index = _within(scene, low, high)
        grid = _map_of(scene, index, low, high, pitch)
        poses = decode(self.network.run(grid), grid, self.object, config.min_presence, scale=scale)
        seen = _seen(scene)
        owner = owners(grid.labels, poses.cell)

        def around() -> tuple[FloatArray, FloatArray]:
            ours = index[np.isin(scene.labels.ravel()[index], [0, *(part.label for part in segments)])]
            ours = ours[:: thinning_stride(len(ours), seen.pitch_m, tuple(high - low))]
            return scene.points_bin.reshape(-1, 3)[ours], np.nan_to_num(scene.normals_bin.reshape(-1, 3)[ours])

        return PoseSearch(self._fitters, self.object, poses, owner, seen, scale).find(segments, around)

    def explained(self, segment: Segment, T_bin_object: Matrix, scale: float, within_m: float) -> float:
        """Share of the segment's points that lie within `within_m` of the part's surface, posed at (4, 4)."""
        points, normals = evenly(segment, EXPLAINED_POINTS)
        apart = self._fitters.fine.distances(points[None], normals[None], T_bin_object[None], scale)[0]
        return float((apart * scale * self.object.diameter_m < within_m).mean())


def _region(segments: Sequence[Segment], scene: Scene, pitch_m: float) -> tuple[Matrix, Matrix]:
    """Lower and upper corner (2,) in the bin frame of what can matter for `segments`."""
    half_bin = np.array(scene.bin.size_m[:2]) / 2
    margin = SEEN_AROUND * PIXELS_PER_DIAMETER * pitch_m
    corners = [f([f(part.points_bin[:, :2], axis=0) for part in segments], axis=0) for f in (np.min, np.max)]
    return np.maximum(corners[0] - margin, -half_bin), np.minimum(corners[1] + margin, half_bin)


def _within(scene: Scene, low: Matrix, high: Matrix) -> npt.NDArray[np.int64]:
    """Indices into the flattened cloud of the points inside the bin over a rectangle."""
    x, y, _ = scene.inside_points_bin
    return scene.inside_index[(x >= low[0]) & (x <= high[0]) & (y >= low[1]) & (y <= high[1])]


def _map_of(scene: Scene, index: npt.NDArray[np.int64], low: Matrix, high: Matrix, pitch_m: float) -> HeightMap:
    """The points at `index` over a rectangle at a pitch; each pixel has the label of what is seen there."""
    columns, rows = np.maximum(np.ceil((high - low) / pitch_m), 1).astype(int)
    index = index[:: thinning_stride(len(index), pitch_m, (columns * pitch_m, rows * pitch_m))]
    points, labels = scene.points_bin.reshape(-1, 3)[index], scene.labels.ravel()[index]
    return rasterise(points, labels, pitch_m, low, (int(rows), int(columns)))


def _seen(scene: Scene) -> HeightMap:
    """The whole scene about as fine as the camera saw it; its networks ask for it one after another."""
    if scene not in _SEEN:
        _SEEN[scene] = _seen_anew(scene)
    return _SEEN[scene]


def _seen_anew(scene: Scene) -> HeightMap:
    x, y, _ = scene.inside_points_bin
    low, high = (np.array([f(x), f(y)], np.float64) for f in (np.min, np.max))
    pitch = max(FINEST_M, SPACINGS * _spacing_m(max(scene.segments, key=lambda part: len(part.points_bin))))
    pitch = max(pitch, float(np.sqrt(np.prod(high - low) / MAX_PIXELS)))
    return _map_of(scene, scene.inside_index, low, high + pitch, pitch)


def _spacing_m(part: Segment) -> float:
    """How far apart a segment's points lie, from the distance of the eighth nearest: 1.4 to 1.5 spacings, be they in
    rows or strewn."""
    points = part.points_bin
    distance, _ = cKDTree(points).query(points[:: max(1, len(points) // 200)], k=[min(9, len(points))])
    return float(np.median(distance)) / 1.45
