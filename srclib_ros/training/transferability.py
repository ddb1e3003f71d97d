"""How well a source's network sees a target that it was never trained on, from a few scenes and no training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from srclib_ros.grasping.object_model import ObjectModel
from srclib_ros.training.grasp_scenes import GraspScene
from srclib_ros.training.grasp_targets import make_example
from srclib_ros.training.grid_net import GridNet
from srclib_ros.training.logme import logme


@torch.inference_mode()
def label_evidence(network: GridNet, part: ObjectModel, scenes: Sequence[GraspScene], side_px: int) -> float:
    """LogME of the network's last features for where the part's centroid lies and how it is turned, in the cells that
    hold one."""
    rng = np.random.default_rng(0)
    examples = [make_example(scene, part, side_px, rng) for scene in scenes]
    maps = torch.from_numpy(np.stack([example.maps for example in examples]))
    features = network.head(network.trunk(network.stem(maps))).permute(0, 2, 3, 1).numpy()
    seen = [features[index][tuple(example.cell.T)] for index, example in enumerate(examples)]
    turned = [example.rotation @ part.R_canonical_object.T.astype(np.float32) for example in examples]
    labels = [
        np.concatenate([example.offset, rotation[:, :, :2].reshape(len(rotation), 6)], axis=1)
        for example, rotation in zip(examples, turned, strict=True)
    ]
    return logme(np.concatenate(seen), np.concatenate(labels))
