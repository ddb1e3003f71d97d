"""How deep each part lies among what stands around it: the freer it lies, the likelier it is to be grasped."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np

from srclib_ros.grasping.surroundings import Surroundings
from srclib_ros.types import FloatArray, IntArray, Scene

CELL_M = 0.004
APART = 2
"""Cells from a place just within a part's border to the one beyond it that is compared: a finger's thickness."""
_KEPT: WeakKeyDictionary[Scene, FloatArray] = WeakKeyDictionary()


def burial(scene: Scene) -> FloatArray:
    """(L + 1,) by label, L the highest: share, 0 to 1, of the part's border beyond which something stands higher.

    A part no border of which is in sight counts as 0. Made once and kept for as long as the scene is.
    """
    if scene not in _KEPT:
        _KEPT[scene] = _burial(scene)
    return _KEPT[scene]


def _burial(scene: Scene) -> FloatArray:
    around = Surroundings.of_scene(scene)
    height, owner = _height_map(around.points_bin, around.labels)
    count = 1 + max(int(owner.max(initial=0)), max((part.label for part in scene.segments), default=0))
    higher, border = np.zeros(count), np.zeros(count)
    for axis_height, axis_owner in ((height, owner), (height.T, owner.T)):
        first, second = slice(None, -APART), slice(APART, None)
        for here, there in ((first, second), (second, first)):
            label = axis_owner[here]
            known = (label > 0) & (label != axis_owner[there]) & np.isfinite(axis_height[there])
            higher += np.bincount(label[known], axis_height[there][known] > axis_height[here][known], count)
            border += np.bincount(label[known], minlength=count)
    return (higher / np.maximum(border, 1)).astype(np.float32)


def _height_map(points_bin: FloatArray, labels: IntArray) -> tuple[FloatArray, IntArray]:
    """(X, Y) the highest point over each cell, -inf where there is none, and the label of what it belongs to."""
    if not len(points_bin):
        return np.full((1, 1), -np.inf, np.float32), np.zeros((1, 1), np.int32)
    xy = points_bin[:, :2]
    cell = ((xy - xy.min(axis=0)) * np.float32(1 / CELL_M)).astype(np.int32)
    shape = (int(cell[:, 0].max()) + 1, int(cell[:, 1].max()) + 1)
    number = cell[:, 0] * shape[1] + cell[:, 1]
    height = np.full(shape[0] * shape[1], -np.inf, np.float32)
    np.maximum.at(height, number, points_bin[:, 2])
    highest = points_bin[:, 2] == height[number]
    owner = np.zeros(len(height), np.int32)
    owner[number[highest]] = labels[highest]
    return height.reshape(shape), owner.reshape(shape)
