"""Grasps whose tips come too near to the floor, drawn back as far as the part still reaches between them: a flat part
that lies there is held by its edge.
"""

from __future__ import annotations

import numpy as np

from srclib_ros.geometry.grasp_frame import tcp_pose
from srclib_ros.grasping.collision import bin_clearance
from srclib_ros.grasping.gripper import Gripper
from srclib_ros.types import FloatArray, Matrix

LEAST_ENGAGED_M = 0.0005
HARDLY_RAD = 0.1
"""What lies flat is seen to lean as much: its pose errs."""
MOST_DRAWN_BACK_M = 0.002
"""A pose that would have to be moved further is likely wrong."""
SPARE_M = 0.0002
ACROSS_M = 0.004
"""Half the width of the strip along the closing axis in which the part's reach is looked for: fingers are wider."""
_FLOOR, _DOWN = (0.0, 0.0, 0.0), np.array((0.0, 0.0, -1.0))


def reach_between(points: FloatArray, T_object_tcp: Matrix, width_m: Matrix) -> Matrix:
    """(K,) metres that a part reaches up between the tips, by points (N, 3) of its surface; 0 where it does not."""
    reach = np.zeros(len(width_m))
    for row, (T, width) in enumerate(zip(T_object_tcp, width_m, strict=True)):
        local = (points - T[:3, 3]) @ T[:3, :3]
        between = (np.abs(local[:, 0]) < ACROSS_M) & (np.abs(local[:, 1]) < width / 2 + SPARE_M)
        reach[row] = max(-local[between, 2].min(initial=0.0), 0.0)
    return reach


def above_floor(T_bin_tcp: Matrix, opening_m: Matrix, reach_m: Matrix, gripper: Gripper, clearance_m: float) -> Matrix:
    """T_bin_tcp (M, 4, 4), drawn back along the approach to `clearance_m` above the floor where that leaves the part
    between the tips, those that hardly lean set upright first; the others as they are.

    reach_m: (M,) how far the part reaches up between the tips. opening_m: (M,) of the gripper on its way.
    """
    moved = T_bin_tcp.copy()
    boxes = gripper.boxes_tcp(opening_m)
    low = bin_clearance(T_bin_tcp, boxes, _FLOOR) < clearance_m
    straight = low & (-T_bin_tcp[:, 2, 2] > np.cos(HARDLY_RAD))
    moved[straight] = tcp_pose(T_bin_tcp[straight, :3, 3], _DOWN, T_bin_tcp[straight, :3, 1])
    short = clearance_m + SPARE_M - bin_clearance(moved, boxes, _FLOOR)
    back = np.maximum(short, 0.0) / np.maximum(-moved[:, 2, 2], 0.1)
    moved[:, :3, 3] -= back[:, None] * moved[:, :3, 2]
    possible = low & (back <= np.minimum(reach_m - LEAST_ENGAGED_M, MOST_DRAWN_BACK_M))
    return np.where(possible[:, None, None], moved, T_bin_tcp)
