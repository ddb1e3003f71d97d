"""Which planners look at a part that no network speaks of: they differ with the kind of gripper."""

from __future__ import annotations

from collections.abc import Callable

from srclib_ros.config import GraspConfig
from srclib_ros.grasping.gripper import Gripper
from srclib_ros.grasping.model_free import Approach, antipodal_grasps
from srclib_ros.grasping.suction.cup import SuctionCup
from srclib_ros.grasping.suction.model_free import suction_grasps
from srclib_ros.types import Grasp, Scene, Segment

Planner = Callable[[Scene, Segment], list[Grasp]]


def planners(gripper: Gripper, config: GraspConfig) -> tuple[Planner, ...]:
    """In the order to try them: a part that has a good grasp of the first needs no second."""
    if isinstance(gripper, SuctionCup):
        return (lambda scene, part: suction_grasps(scene, part, gripper, config),)
    return tuple(
        lambda scene, part, approach=approach: antipodal_grasps(scene, part, gripper, config, (approach,))  # type: ignore[misc]
        for approach in Approach
    )
