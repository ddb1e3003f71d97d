"""Grasps as they are proposed for a scene, by networks and then by model-free planners, each judged at once."""

from __future__ import annotations

from collections.abc import Sequence

from srclib_ros.config import GraspConfig
from srclib_ros.grasping.burial import burial
from srclib_ros.grasping.collision import Obstacles
from srclib_ros.grasping.failed_grasps import FailedGrasps
from srclib_ros.grasping.gripper import Gripper
from srclib_ros.grasping.planners import planners
from srclib_ros.grasping.ranking import judge
from srclib_ros.types import Grasp, RejectReason, Scene

AT_ONCE = 2
"""So many parts go to the model-free planner before their grasps are judged."""


class JudgedGrasps:
    """Proposed grasps of one scene, each beside the reason that speaks against it, if any. failed: grasps that failed
    in earlier scenes, not to be offered again."""

    def __init__(self, scene: Scene, gripper: Gripper, config: GraspConfig, failed: FailedGrasps | None = None) -> None:
        self._scene, self._gripper, self._config = scene, gripper, config
        self._obstacles = Obstacles.of_scene(scene)
        self._failed = failed.positions(scene, config.retry_radius_m) if failed else []
        self.grasps: list[Grasp] = []
        self.reasons: list[RejectReason | None] = []

    def add(self, grasps: Sequence[Grasp]) -> None:
        self.grasps += grasps
        self.reasons += judge(grasps, self._scene, self._obstacles, self._gripper, self._config, self._failed)

    def answered(self, quality: float = 0.0) -> set[int]:
        """Labels of the parts that have a grasp of at least this quality that nothing speaks against."""
        judged = zip(self.grasps, self.reasons, strict=True)
        return {grasp.part for grasp, reason in judged if reason is None and grasp.quality >= quality}


def add_model_free(scene: Scene, judged: JudgedGrasps, gripper: Gripper, config: GraspConfig) -> frozenset[int]:
    """Grasps for parts that no network gave one, those that lie freest first.

    It ends when enough parts have a good grasp, or when `max_parts` were looked at and there is something to offer.
    Returns the labels of the parts that were not looked at.
    """
    answered = judged.answered()
    wanting = [part for part in scene.segments if part.label not in answered]
    if wanting:
        deep = burial(scene)
        wanting.sort(key=lambda part: float(deep[part.label]))
    not_seen = {part.label for part in wanting}
    looked_at = 0
    for planner in planners(gripper, config):
        well_answered = judged.answered(config.good_quality)
        queue = [part for part in wanting if part.label not in well_answered]
        while queue and len(judged.answered(config.good_quality)) < config.enough_parts:
            if looked_at >= config.max_parts and judged.answered(config.min_quality):
                break
            batch, queue = queue[:AT_ONCE], queue[AT_ONCE:]
            judged.add([grasp for part in batch for grasp in planner(scene, part)])
            not_seen -= {part.label for part in batch}
            looked_at += len(batch)
    return frozenset(not_seen)
