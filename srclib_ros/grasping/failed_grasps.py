"""Where grasps failed: such a place is kept away from until the part that lay there has gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from srclib_ros.types import Grasp, Matrix, Scene

REMEMBERED = 5_000
"""Grasps offered lately whose outcome may still be reported; the oldest go first."""
MISSES = 3
"""Scenes in a row that show something else at the place before it counts as changed."""
SUNK_M = 0.005
"""A place that is seen this much lower than the part reached, or half as high, is empty of it."""


@dataclass(frozen=True, eq=False)
class _Offered:
    """tcp_bin, part_bin: (3,) metres, where the grasp was and the centroid of what it was to grasp."""

    tcp_bin: Matrix
    part_bin: Matrix
    misses: int = 0


class FailedGrasps:
    """Remembers what was offered by its grasp_id, over many scenes, and which of it failed."""

    def __init__(self) -> None:
        self._offered: dict[str, _Offered] = {}
        self._failed: dict[str, _Offered] = {}

    def watch(self, grasps: Sequence[Grasp], scene: Scene) -> None:
        """Note what was offered for a scene: a robot reports an outcome seconds, and many scenes, later."""
        centroids = {part.label: part.centroid_bin.astype(np.float64) for part in scene.segments}
        for grasp in grasps:
            self._offered[grasp.grasp_id] = _Offered(grasp.T_bin_tcp[:3, 3], centroids[grasp.part])
        for grasp_id in list(self._offered)[: max(0, len(self._offered) - REMEMBERED)]:
            del self._offered[grasp_id]

    def add(self, grasp_id: str) -> bool:
        """This one failed; False when no grasp of that id was offered lately."""
        if grasp_id not in self._offered:
            return False
        self._failed[grasp_id] = self._offered[grasp_id]
        return True

    def positions(self, scene: Scene, radius_m: float) -> list[Matrix]:
        """TCP positions (3,) in the bin frame to stay away from; forgets those whose part has gone, in this scene."""
        if not self._failed:
            return []
        looked_at = {grasp_id: _look(failed, scene, radius_m) for grasp_id, failed in self._failed.items()}
        self._failed = {grasp_id: failed for grasp_id, failed in looked_at.items() if failed.misses < MISSES}
        return [failed.tcp_bin for failed in self._failed.values()]


def _look(failed: _Offered, scene: Scene, radius_m: float) -> _Offered:
    """The failure with its misses as they stand after this scene.

    A place that is hidden, by the robot's arm, say, tells nothing.
    """
    present = np.array([part.centroid_bin for part in scene.segments]).reshape(-1, 3)
    if len(present) and np.linalg.norm(present - failed.part_bin, axis=1).min() < radius_m:
        return replace(failed, misses=0)
    points = scene.points_bin[scene.inside]
    there = points[np.hypot(*(points[:, :2] - failed.part_bin[:2]).T) < radius_m, 2]
    if not len(there):
        return failed
    height = failed.part_bin[2]
    if np.median(there) < height - min(SUNK_M, height / 2):
        return replace(failed, misses=MISSES)
    return replace(failed, misses=failed.misses + 1)
