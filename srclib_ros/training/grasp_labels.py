"""How good each grasp candidate is where its part lies: the label of the network's qualities.

The candidate's own quality, which is its robustness in trials of the part alone (`candidate_trials`), times how freely
the open gripper gets there past everything else in the bin. `label_check` compares it with trials in the pile itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from srclib_ros.config import GraspConfig
from srclib_ros.grasping.above_floor import above_floor
from srclib_ros.grasping.candidates import GraspCandidates
from srclib_ros.grasping.collision import Obstacles
from srclib_ros.grasping.gripper import Gripper
from srclib_ros.grasping.propose import place
from srclib_ros.types import FloatArray, Matrix

Indices = npt.NDArray[np.int64]
LABELS = "trials, clear of the floor"
"""What they rest on: scenes and models of other labels are not gone on with."""
AMPLE_M, AMPLE_FROM_BIN_M = 0.004, GraspConfig().clearance_m
"""Clearance from other parts, and from the bin, from which on more is no better: where a bin is, is known."""
MAX_TILT_RAD = 0.9
IMAGES = 8
SWEEP_M = 0.10
OPENING_M = 0.003


@dataclass(frozen=True, eq=False)
class RatedImages:
    """Candidates where instances lie, each at some of its equal images under the part's symmetry.

    T_bin_tcp: (M, 4, 4). instance, candidate: (M,) whose each is. quality: (M,) in [0, 1].
    """

    T_bin_tcp: Matrix
    instance: Indices
    candidate: Indices
    quality: Matrix


def candidate_qualities(
    candidates: GraspCandidates,
    T_bin_object: Matrix,
    surfaces: Sequence[FloatArray],
    first: Sequence[int],
    gripper: Gripper,
    bin_size_m: tuple[float, float, float],
) -> FloatArray:
    """(I, K) float32 in [0, 1] of each candidate at each of I poses of its part (I, 4, 4): of its best image, see
    `rated_images`."""
    qualities = np.zeros((len(T_bin_object), len(candidates)), np.float32)
    if qualities.size:
        rated = rated_images(candidates, T_bin_object, surfaces, first, gripper, bin_size_m)
        np.maximum.at(qualities, (rated.instance, rated.candidate), rated.quality.astype(np.float32))
    return qualities


def rated_images(
    candidates: GraspCandidates,
    T_bin_object: Matrix,
    surfaces: Sequence[FloatArray],
    first: Sequence[int],
    gripper: Gripper,
    bin_size_m: tuple[float, float, float],
) -> RatedImages:
    """The candidate's own quality times the clearance of the open gripper on its straight approach, drawn back from the
    floor as in the cell, against everything else that lies in the bin, seen or hidden, and the bin itself; an image
    that leans more than MAX_TILT_RAD is worth nothing.

    T_bin_object: (I, 4, 4), one at least; one candidate at least. surfaces: points (S, 3) of every part in the bin,
    metres, bin frame. first: for each of the I poses the index of its own surface.
    """
    labels = np.repeat(np.arange(1, len(surfaces) + 1), [len(surface) for surface in surfaces]).astype(np.int32)
    obstacles = Obstacles(np.concatenate(surfaces).astype(np.float32), labels, bin_size_m)
    placed = [place(candidates, T, 1.0, MAX_TILT_RAD, IMAGES) for T in T_bin_object]
    instance = np.repeat(np.arange(len(placed)), [len(index) for _, index in placed])
    T_bin_tcp = np.concatenate([T for T, _ in placed])
    candidate = np.concatenate([index for _, index in placed])
    opening = gripper.opening_m(candidates.width_m[candidate], OPENING_M)
    T_bin_tcp = above_floor(T_bin_tcp, opening, candidates.reach_m[candidate], gripper, AMPLE_FROM_BIN_M)
    own = np.asarray(first)[instance] + 1
    clearances = obstacles.clearances(T_bin_tcp, opening, own, gripper, sweep_m=SWEEP_M, reach_m=AMPLE_M)
    free = np.minimum(clearances.others_m / AMPLE_M, clearances.bin_m / AMPLE_FROM_BIN_M).clip(0.0, 1.0)
    upright = -T_bin_tcp[:, 2, 2] >= np.cos(MAX_TILT_RAD) - 1e-6
    return RatedImages(T_bin_tcp, instance, candidate, candidates.quality[candidate] * free * upright)
