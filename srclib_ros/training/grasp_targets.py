"""What the grasp network should say of each cell of a map, from a scene whose truth is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from srclib_ros.geometry.height_map import HeightMap, rasterise
from srclib_ros.grasping.network import PIXELS_PER_DIAMETER, STRIDE, network_input
from srclib_ros.grasping.object_model import ObjectModel
from srclib_ros.grasping.pose_distance import centroids
from srclib_ros.training.grasp_scenes import GraspScene
from srclib_ros.types import FloatArray, Matrix

MIN_VISIBLE = 0.3
"""Instances that show less count neither for nor against."""
MIN_PIXELS = 5
_FLOOR_ERROR_M = 0.0005  # of a bin's pose


@dataclass(frozen=True, eq=False)
class Example:
    """One map and its targets. maps: (CHANNELS, S, S) float32.

    presence: (h, w) 1 a part, 0 none, -1 does not count. The rest are of the P cells that hold a part: cell (P, 2),
    offset (P, 3) in diameters, rotation (P, 3, 3), visibility (P,), quality (P, K).
    """

    maps: FloatArray
    presence: FloatArray
    cell: npt.NDArray[np.int64]
    offset: FloatArray
    rotation: FloatArray
    visibility: FloatArray
    quality: FloatArray


def make_example(scene: GraspScene, part: ObjectModel, side_px: int, rng: np.random.Generator) -> Example:
    """The scene turned about the vertical at random, seen through a window of `side_px` squared near a part."""
    turned, poses = _turn(scene, rng.uniform(0.0, 2.0 * np.pi))
    pitch = part.diameter_m / PIXELS_PER_DIAMETER
    side = side_px * pitch
    shown = np.flatnonzero(scene.is_target & (scene.visibility >= MIN_VISIBLE))
    middle = poses[rng.choice(shown), :2, 3] if len(shown) else np.zeros(2)
    corner = middle - side / 2 + rng.uniform(-side / 4, side / 4, 2)
    x, y, _ = turned.T
    inside = np.flatnonzero((x >= corner[0]) & (x <= corner[0] + side) & (y >= corner[1]) & (y <= corner[1] + side))
    points = turned[inside]
    points[:, 2] += np.float32(rng.normal(0.0, _FLOOR_ERROR_M))
    grid = rasterise(points, scene.owner[inside], pitch, corner, (side_px, side_px))
    return targets(grid, scene, poses, part)


def targets(grid: HeightMap, scene: GraspScene, T_bin_object: Matrix, part: ObjectModel) -> Example:
    """The example of a map whose labels are the scene's instance numbers, its instances at T_bin_object (I, 4, 4)."""
    maps, reference = network_input(grid)
    rows, columns = maps.shape[1] // STRIDE, maps.shape[2] // STRIDE
    labels = np.pad(grid.labels, [(0, side - own) for side, own in zip(maps.shape[1:], grid.shape, strict=True)])
    block = labels.reshape(rows, STRIDE, columns, STRIDE).swapaxes(1, 2).reshape(rows, columns, -1)
    votes = sum((block == np.roll(block, shift, axis=2)).astype(np.int8) for shift in range(block.shape[2]))
    votes *= block > 0
    best = votes.argmax(axis=2)[..., None]
    owner = np.take_along_axis(block, best, 2)[..., 0]
    count = np.take_along_axis(votes, best, 2)[..., 0]

    wanted = np.concatenate([[False], scene.is_target])[owner]
    seen = np.concatenate([[0.0], scene.visibility])[owner]
    presence = np.zeros((rows, columns), np.float32)
    presence[wanted] = -1.0
    positive = wanted & (seen >= MIN_VISIBLE) & (count >= MIN_PIXELS)
    presence[positive] = 1.0

    cell = np.argwhere(positive)
    index = owner[positive] - 1
    centre = np.empty((len(cell), 3))
    centre[:, :2] = grid.origin_bin_xy + (cell[:, ::-1] + 0.5) * STRIDE * grid.pitch_m
    centre[:, 2] = reference[positive]
    offset = (centroids(T_bin_object, part)[index] - centre) / part.diameter_m
    return Example(
        maps,
        presence,
        cell,
        offset.astype(np.float32),
        T_bin_object[index, :3, :3].astype(np.float32),
        scene.visibility[index].astype(np.float32),
        scene.quality[index].astype(np.float32),
    )


def _turn(scene: GraspScene, yaw_rad: float) -> tuple[FloatArray, Matrix]:
    c, s = np.cos(yaw_rad), np.sin(yaw_rad)
    T = np.array([[c, -s, 0.0, 0.0], [s, c, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]])
    return scene.points_bin @ T[:3, :3].T.astype(np.float32), T @ scene.T_bin_object
