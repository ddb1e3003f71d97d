"""Grasp plans made by hand."""

from __future__ import annotations

import numpy as np

from srclib_ros.geometry.transforms import make_transform, random_rotation
from srclib_ros.types import (
    Bin,
    Cloud,
    Grasp,
    GraspPlan,
    Match,
    Neighbour,
    RejectedGrasp,
    RejectReason,
    Scene,
    Segment,
    Verdict,
)


def two_part_plan(rng: np.random.Generator, grasps: int = 3) -> GraspPlan:
    """Part 1 has source `nut_m8`, part 2 none; the grasps lie on part 1."""
    xyz = rng.uniform(0.5, 1.0, (4, 5, 3)).astype(np.float32)
    labels = np.zeros((4, 5), np.int32)
    labels[0], labels[1] = 1, 2
    T_cloud_bin = make_transform(random_rotation(rng), np.array((0.1, 0.2, 0.9)))
    parts = tuple(
        Segment(label, np.flatnonzero(labels == label), xyz[labels == label], xyz[labels == label]) for label in (1, 2)
    )
    scene = Scene(Cloud(xyz, "camera", 123), Bin(T_cloud_bin, (0.3, 0.2, 0.1)), xyz, xyz, labels, labels >= 0, parts)
    near = (Neighbour("nut_m8", 4, 0.9, 0.1),)
    matches = (
        Match(1, near, "nut_m8", 1.0, True, True, "nearest of its cluster with a network"),
        Match(2, (Neighbour("gear", 2, 0.3, 0.7),), None, 1.0, False, False, "below the threshold"),
    )
    offered = tuple(
        Grasp(
            make_transform(random_rotation(rng), rng.uniform(-0.1, 0.1, 3)),
            make_transform(random_rotation(rng), rng.uniform(-0.1, 0.1, 3)),
            0.02,
            0.9 - 0.1 * rank,
            "jaw",
            1,
            "nut_m8",
            rank,
            f"g{rank}",
        )
        for rank in range(grasps)
    )
    wide = Grasp(np.eye(4), np.eye(4), 0.2, 0.5, "jaw", 2, None)
    verdict = Verdict.GRASPS if grasps else Verdict.NOTHING_GRASPABLE
    rejected = (RejectedGrasp(wide, RejectReason.TOO_WIDE),)
    return GraspPlan(scene, matches, (), offered, rejected, verdict, "", {"segment": 1.0})
