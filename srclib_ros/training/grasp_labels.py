"""How good each grasp candidate is where its part lies, by geometry: the label of the network's qualities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from srclib_ros.grasping.collision import Obstacles
from srclib_ros.grasping.gripper import Gripper
from srclib_ros.grasping.object_model import ObjectModel
from srclib_ros.grasping.propose import place
from srclib_ros.types import FloatArray, Matrix

AMPLE_M = 0.004
"""Clearance from which on more is no better."""
MAX_TILT_RAD = 0.9
IMAGES = 8
SWEEP_M = 0.10
OPENING_M = 0.003


def candidate_qualities(
    part: ObjectModel,
    T_bin_object: Matrix,
    surfaces: Sequence[FloatArray],
    first: Sequence[int],
    gripper: Gripper,
    bin_size_m: tuple[float, float, float],
) -> FloatArray:
    """(I, K) float32 in [0, 1] of each candidate at each of I poses of the part (I, 4, 4).

    The candidate's own quality times the clearance of the open gripper on its straight approach against everything
    else that lies in the bin, seen or hidden, and the bin itself; the best of the equal images of a symmetric part
    counts, and one that leans more than MAX_TILT_RAD is worth nothing. surfaces: points (S, 3) of every part in the
    bin, metres, bin frame. first: for each of the I poses the index of its own surface.
    """
    count = len(part.candidates)
    qualities = np.zeros((len(T_bin_object), count), np.float32)
    if not count or not len(T_bin_object):
        return qualities
    labels = np.repeat(np.arange(1, len(surfaces) + 1), [len(surface) for surface in surfaces]).astype(np.int32)
    obstacles = Obstacles(np.concatenate(surfaces).astype(np.float32), labels, bin_size_m)
    placed = [place(part.candidates, T, 1.0, MAX_TILT_RAD, IMAGES) for T in T_bin_object]
    instance = np.repeat(np.arange(len(placed)), [len(index) for _, index in placed])
    T_bin_tcp = np.concatenate([T for T, _ in placed])
    candidate = np.concatenate([index for _, index in placed])
    opening = gripper.opening_m(part.candidates.width_m[candidate], OPENING_M)
    own = np.asarray(first)[instance] + 1
    clearances = obstacles.clearances(T_bin_tcp, opening, own, gripper, sweep_m=SWEEP_M, reach_m=AMPLE_M)
    free = np.clip(np.minimum(clearances.others_m, clearances.bin_m) / AMPLE_M, 0.0, 1.0)
    upright = -T_bin_tcp[:, 2, 2] >= np.cos(MAX_TILT_RAD) - 1e-6
    worth = part.candidates.quality[candidate] * free * upright
    np.maximum.at(qualities, (instance, candidate), worth.astype(np.float32))
    return qualities
