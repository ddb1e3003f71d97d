"""Judging and ranking in one call, as the pipeline does it for one batch of proposals."""

from __future__ import annotations

from collections.abc import Sequence

from srclib_ros.config import GraspConfig
from srclib_ros.grasping.collision import Obstacles
from srclib_ros.grasping.gripper import Gripper
from srclib_ros.grasping.ranking import judge, rank
from srclib_ros.types import Grasp, Matrix, RejectedGrasp, Scene


def ranked(
    grasps: Sequence[Grasp], scene: Scene, gripper: Gripper, config: GraspConfig, failed: Sequence[Matrix] = ()
) -> tuple[tuple[Grasp, ...], tuple[RejectedGrasp, ...]]:
    reasons = judge(grasps, scene, Obstacles.of_scene(scene), gripper, config, failed)
    return rank(grasps, reasons, scene, config.max_grasps)
