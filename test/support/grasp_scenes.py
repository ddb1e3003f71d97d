"""Grasp scenes without physics: bent plates lying on a floor, every point of their upper sides seen."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from srclib_ros.geometry.mesh import sample_surface
from srclib_ros.geometry.transforms import apply, make_transform
from srclib_ros.training.grasp_scenes import GraspScene
from test.support.grasp_parts import bent_plate

BIN_SIZE_M = (0.30, 0.24, 0.10)


def lying_scene(seed: int, candidates: int = 3, visibility: float = 1.0) -> GraspScene:
    """Four plates at fixed places, turned about the vertical at random."""
    rng = np.random.default_rng(seed)
    mesh = bent_plate()
    low = -mesh.vertices[:, 2].min()
    T = np.array(
        [
            make_transform(Rotation.from_rotvec([0, 0, rng.uniform(0, 6.28)]).as_matrix(), [x, y, low])
            for x in (-0.07, 0.07)
            for y in (-0.06, 0.06)
        ]
    )
    points = [apply(pose, sample_surface(mesh, 3000, rng)[0]) for pose in T]
    owner = np.repeat(np.arange(1, 5), 3000)
    floor = np.column_stack([rng.uniform(-0.15, 0.15, 9000), rng.uniform(-0.12, 0.12, 9000), np.zeros(9000)])
    return GraspScene(
        points_bin=np.concatenate([*points, floor]).astype(np.float32),
        owner=np.concatenate([owner, np.zeros(9000, np.int64)]).astype(np.int32),
        T_bin_object=T,
        is_target=np.ones(4, bool),
        visibility=np.full(4, visibility, np.float32),
        quality=np.tile(np.linspace(1.0, 0.0, candidates, dtype=np.float32), (4, 1)),
        bin_size_m=BIN_SIZE_M,
    )
