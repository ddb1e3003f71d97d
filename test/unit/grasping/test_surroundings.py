"""Unseen space, against boxes whose shadows are known by formula."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from support.boxes_seen import hits, scene_of_boxes
from support.ranked import ranked

from srclib_ros.config import GraspConfig
from srclib_ros.grasping.gripper import load_gripper
from srclib_ros.grasping.model_free import antipodal_grasps
from srclib_ros.grasping.surroundings import Surroundings
from srclib_ros.types import Grasp, Scene

JAW = load_gripper("jaw")
CONFIG = GraspConfig()
EYE = (0.0, -0.5, 0.6)
LOW = ((-0.05, -0.03, 0.0), (0.05, 0.03, 0.025))
"""60 mm across: the jaw could just hold it, were it to be seen."""
TALL = ((-0.17, -0.05, 0.0), (0.17, -0.015, 0.06))
"""Stands in front of the near side of LOW and hides it."""


def offered(scene: Scene, label: int) -> tuple[Grasp, ...]:
    return ranked(antipodal_grasps(scene, scene.segments[label - 1], JAW, CONFIG), scene, JAW, CONFIG)[0]


def fingers(grasp: Grasp) -> np.ndarray:
    """(2, 3) middles of the open fingers' lower ends, 5 mm above the tips, in the bin frame."""
    boxes = JAW.boxes_tcp(JAW.opening_m(grasp.width_m, CONFIG.clearance_m))[:2]
    local = np.stack([boxes[:, :, 0].mean(axis=1), boxes[:, :, 1].mean(axis=1), np.full(2, -0.005)], axis=1)
    return local @ grasp.T_bin_tcp[:3, :3].T + grasp.T_bin_tcp[:3, 3]


def test_no_finger_goes_where_another_part_hides_the_view() -> None:
    behind = ((-0.05, -0.01, 0.0), (0.05, 0.05, 0.025))  # its front edge cannot be seen
    front = ((-0.17, -0.05, 0.0), (0.17, -0.025, 0.06))
    scene = scene_of_boxes(EYE, [behind, front])
    assert scene.segments[0].points_bin[:, 1].min() > -0.005
    for grasp in offered(scene, 1):
        ends = fingers(grasp)
        assert not (hits(np.array(EYE), ends, [front]) < 1).any()


def test_its_own_shadow_leaves_a_part_graspable() -> None:
    scene = scene_of_boxes(EYE, [LOW])
    across = [grasp for grasp in offered(scene, 1) if abs(grasp.T_bin_tcp[1, 1]) > 0.95]
    assert across
    assert min(fingers(across[0])[:, 1]) < LOW[0][1] and max(fingers(across[0])[:, 1]) > LOW[1][1]


def test_sheets_lie_on_lines_of_sight_past_an_edge() -> None:
    scene = scene_of_boxes(EYE, [TALL])
    around = Surroundings.of_scene(scene)
    assert len(around.hidden_bin) > 100
    assert set(around.hidden_by.tolist()) == {1}
    grown = [(tuple(np.subtract(TALL[0], 0.003)), tuple(np.add(TALL[1], 0.003)))]
    shrunk = [(tuple(np.add(TALL[0], 0.004)), tuple(np.subtract(TALL[1], 0.004)))]
    ends = around.hidden_bin.astype(np.float64)
    assert (hits(np.array(EYE), ends, grown) < 1).all()
    assert not (hits(np.array(EYE), ends, shrunk) < 1).all()
    assert Surroundings.of_scene(scene) is around


def test_a_shadow_is_nothing_to_the_part_that_casts_it() -> None:
    scene = scene_of_boxes(EYE, [TALL])
    low, high = np.full(3, -1, np.float32), np.full(3, 1, np.float32)
    around = Surroundings.of_scene(scene)
    assert len(around.around(1, low, high)) == (around.labels == 0).sum()
    assert len(around.around(2, low, high)) == len(around.labels) + len(around.hidden_by)


def test_a_view_from_straight_above_hides_nothing_beside_a_box() -> None:
    around = Surroundings.of_scene(scene_of_boxes((0.0, 0.0, 1e3), [TALL]))
    outside = np.maximum(np.array(TALL[0]) - around.hidden_bin, around.hidden_bin - np.array(TALL[1]))
    assert outside.max(initial=0.0) < 0.001


def test_unordered_points_have_no_shadows() -> None:
    seen = scene_of_boxes(EYE, [TALL])
    flat = replace(
        seen, points_bin=seen.points_bin.reshape(-1, 3), labels=seen.labels.ravel(), inside=seen.inside.ravel()
    )
    assert len(Surroundings.of_scene(flat).hidden_bin) == 0
