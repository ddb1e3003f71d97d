"""How far a grasp network is while it is still being trained, on piles that it does not learn from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from srclib_ros.errors import TrainingError
from srclib_ros.geometry.height_map import height_map
from srclib_ros.grasping.decode import decode
from srclib_ros.grasping.network import PIXELS_PER_DIAMETER
from srclib_ros.grasping.object_model import ObjectModel
from srclib_ros.grasping.pose_distance import centroids, pose_distances
from srclib_ros.training.grasp_evaluation import MATCHED, REQUIRED_VISIBLE
from srclib_ros.training.grasp_loss import GraspLoss
from srclib_ros.training.grasp_scenes import GraspScene
from srclib_ros.training.grasp_targets import make_example
from srclib_ros.training.grid_net import GridNet
from srclib_ros.training.torch_network import TorchNetwork

MIN_PRESENCE = 0.3


class GraspWatch:
    """scenes: those looked at, always alike. side_px: of the maps that the loss is taken on. Raises TrainingError."""

    def __init__(self, part: ObjectModel, scenes: Sequence[GraspScene], side_px: int) -> None:
        if not any((scene.is_target & (scene.visibility > REQUIRED_VISIBLE)).any() for scene in scenes):
            raise TrainingError(f"{part.name}: no scene to validate on shows the part; simulate more scenes")
        self._part, self._scenes = part, scenes
        rng = np.random.default_rng(0)
        self._examples = [make_example(scene, part, side_px, rng) for scene in scenes]
        pitch = part.diameter_m / PIXELS_PER_DIAMETER
        self._grids = [height_map(scene.points_bin, scene.owner, pitch, scene.bin_size_m[:2]) for scene in scenes]

    @torch.inference_mode()
    def look(self, network: GridNet) -> tuple[float, float]:
        """The loss, and the share of the parts, more than half visible, whose most confident cell has the pose right.

        network: in evaluation mode.
        """
        device = next(network.parameters()).device
        maps = torch.from_numpy(np.stack([example.maps for example in self._examples])).to(device)
        loss_of = GraspLoss(self._part, device)
        loss = torch.stack(list(loss_of(network(maps), self._examples).values())).sum()
        found = [right for index in range(len(self._scenes)) for right in self._found(network, index)]
        return float(loss), float(np.mean(found))

    def _found(self, network: GridNet, index: int) -> list[bool]:
        scene, grid, part = self._scenes[index], self._grids[index], self._part
        poses = decode(TorchNetwork(network).run(grid), grid, part, MIN_PRESENCE)
        shown = np.flatnonzero(scene.is_target & (scene.visibility > REQUIRED_VISIBLE))
        if not len(poses):
            return [False] * len(shown)
        apart = poses.centroid_bin[:, None] - centroids(scene.T_bin_object, part)[None]
        nearest = np.linalg.norm(apart, axis=2).argmin(axis=1)
        found = []
        for instance in shown:
            near = np.flatnonzero(nearest == instance)
            best = near[np.argsort(-poses.confidence[near])[:1]]
            distance = pose_distances(poses.T_bin_object[best], scene.T_bin_object[instance, None], part)
            found.append(bool((distance < MATCHED).any()))
        return found
