"""Grasps whose tips come too near to the floor, drawn back as far as the part still reaches between the pads: a flat
part that lies there is held by its edge.
"""

from __future__ import annotations

import numpy as np

from srclib_ros.geometry.grasp_frame import tcp_pose
from srclib_ros.geometry.mesh import PartMesh, sample_surface
from srclib_ros.grasping.collision import bin_clearance
from srclib_ros.grasping.gripper import Gripper
from srclib_ros.types import Matrix

LEAST_ENGAGED_M = 0.0005
"""Of the part between the pads, as its pose has it, which is a few tenths of a millimetre too low or too high."""
UPRIGHT_WITHIN_RAD = 0.1
"""What lies flat is seen to lean as much: its pose errs."""
MOST_DRAWN_BACK_M = 0.002
"""A pose that would have to be moved further is likely wrong."""
SPARE_M = 0.0002
"""More than the cell's clearance, so that rounding takes none of it away."""
ACROSS_M = 0.008
"""Half the width of the strip along the closing axis in which the part's reach is looked for: that of jaw's fingers."""
CONTACT_BAND_M = 0.0001
"""What lies so near to a pad touches it: of a rod little more than its widest line, past which it is squeezed out."""
SURFACE_POINTS = 8_000
_FLOOR, _DOWN = (0.0, 0.0, 0.0), np.array((0.0, 0.0, -1.0))


def reach_between(part: PartMesh, T_object_tcp: Matrix, width_m: Matrix) -> Matrix:
    """(K,) metres that a part reaches up from the tips where both pads touch it; 0 where it does not, and for grasps
    without a width, by suction: a cup stays where it seals."""
    points, _ = sample_surface(part, SURFACE_POINTS, np.random.default_rng(0))
    reach = np.zeros(len(width_m))
    for row, (T, width) in enumerate(zip(T_object_tcp, width_m, strict=True)):
        x, y, z = ((points - T[:3, 3]) @ T[:3, :3]).T
        touching = (np.abs(x) < ACROSS_M) & (np.abs(np.abs(y) - width / 2) < CONTACT_BAND_M)
        if width > 0.0:
            reach[row] = max(min(-z[touching & (side * y > 0.0)].min(initial=0.0) for side in (1, -1)), 0.0)
    return reach


def above_floor(T_bin_tcp: Matrix, opening_m: Matrix, reach_m: Matrix, gripper: Gripper, clearance_m: float) -> Matrix:
    """T_bin_tcp (M, 4, 4), drawn back along the approach to `clearance_m` above the floor where that leaves the part
    between the pads; else, where they hardly lean, set upright and then drawn back so; the others as they are.

    reach_m: (M,) how far the part reaches up between the pads, see `reach_between`. opening_m: (M,) of the gripper on
    its way.
    """
    moved = T_bin_tcp.copy()
    low = np.flatnonzero(_above(T_bin_tcp, opening_m, gripper) < clearance_m)
    for set_upright in (False, True):
        if set_upright:
            low = low[-T_bin_tcp[low, 2, 2] > np.cos(UPRIGHT_WITHIN_RAD)]
        if not len(low):
            break
        T = T_bin_tcp[low]
        if set_upright:
            T = tcp_pose(T[:, :3, 3], _DOWN, T[:, :3, 1])
        short = clearance_m + SPARE_M - _above(T, opening_m[low], gripper)
        back = np.maximum(short, 0.0) / np.maximum(-T[:, 2, 2], 0.1)
        T[:, :3, 3] -= back[:, None] * T[:, :3, 2]
        possible = back <= np.minimum(reach_m[low] - LEAST_ENGAGED_M, MOST_DRAWN_BACK_M)
        moved[low[possible]] = T[possible]
        low = low[~possible]
    return moved


def _above(T_bin_tcp: Matrix, opening_m: Matrix, gripper: Gripper) -> Matrix:
    """(M,) metres between the open gripper and the floor."""
    return bin_clearance(T_bin_tcp, gripper.boxes_tcp(opening_m), _FLOOR)
