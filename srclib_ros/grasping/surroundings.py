"""What stands around the parts of a scene, and what may stand where the sensor could not see.

Behind the edge of whatever is nearer to the sensor lies space that no line of sight enters: its shadow. A finger let
down into it comes through the sheet of sight lines that just pass that edge, so points laid over these sheets stand
for all of the space below: it counts as filled up to the line of sight.
"""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from srclib_ros.types import FloatArray, IntArray, Scene

STRIDE = 2
"""A finger is many pixels wide: every second one tells enough."""
JUMP_M = 0.005
"""Neighbours along the line of sight further apart than this have unseen space between them."""
SHEET_PITCH_M = 0.004
FLOOR_BAND_M = 0.004
"""Nothing is said about space this near to the floor."""


@dataclass(frozen=True, eq=False)
class Surroundings:
    """Points of a scene inside the bin, thinned out, and points over the edges of its unseen space.

    points_bin: (N, 3) float32, metres, bin frame, floor included; labels: (N,) the part each belongs to, 0 for none.
    hidden_bin: (K, 3) float32, on the lines of sight past an edge; hidden_by: (K,) label of what the edge belongs to.
    No shadows are known of a cloud that is not organised.
    """

    points_bin: FloatArray
    labels: IntArray
    hidden_bin: FloatArray
    hidden_by: IntArray

    @classmethod
    def of_scene(cls, scene: Scene) -> Surroundings:
        """Of one scene; made once and kept for as long as the scene is."""
        if scene not in _KEPT:
            every = (slice(None, None, STRIDE),) * scene.labels.ndim
            points, labels, inside = scene.points_bin[every], scene.labels[every], scene.inside[every]
            hidden = _hidden(scene, points, labels, inside) if scene.labels.ndim == 2 else _NOTHING
            _KEPT[scene] = cls(points[inside], labels[inside], *hidden)
        return _KEPT[scene]

    def around(self, label: int, low_bin: FloatArray, high_bin: FloatArray) -> FloatArray:
        """(M, 3) of everything but this part and its own shadow, over the rectangle between two corners."""
        both = ((self.points_bin, self.labels), (self.hidden_bin, self.hidden_by))
        return np.concatenate([points[_within(points, low_bin, high_bin) & (owner != label)] for points, owner in both])


_KEPT: WeakKeyDictionary[Scene, Surroundings] = WeakKeyDictionary()
_NOTHING = (np.zeros((0, 3), np.float32), np.zeros(0, np.int32))


def _within(points: FloatArray, low: FloatArray, high: FloatArray) -> npt.NDArray[np.bool_]:
    x, y = points[:, 0], points[:, 1]
    return (x >= low[0]) & (x <= high[0]) & (y >= low[1]) & (y <= high[1])


def _hidden(
    scene: Scene, points: FloatArray, labels: IntArray, inside: npt.NDArray[np.bool_]
) -> tuple[FloatArray, IntArray]:
    """The sheets behind every edge, seen along the rows and along the columns of the image."""
    viewpoint = scene.viewpoint_bin.astype(np.float32)
    sight = (points - viewpoint).reshape(-1, 3)
    distance = np.sqrt(np.einsum("pi,pi->p", sight, sight))
    number = np.arange(len(distance)).reshape(labels.shape)
    pairs = np.concatenate([_neighbours(lines, distance) for lines in (number, number.T)])
    first, second = pairs.T
    first_nearer = distance[first] < distance[second]
    near, far = np.where(first_nearer, first, second), np.where(first_nearer, second, first)
    behind = inside.reshape(-1)[far]
    near, far = near[behind], far[behind]
    steps = ((distance[far] - distance[near]) / SHEET_PITCH_M).astype(np.int64)
    edge = np.repeat(np.arange(len(near)), steps)
    step = np.arange(1, len(edge) + 1) - np.repeat(np.cumsum(steps) - steps, steps)
    past = near[edge]
    reach = 1 + step * np.float32(SHEET_PITCH_M) / distance[past]
    sheet = viewpoint + sight[past] * reach[:, None].astype(np.float32)
    half = (np.array(scene.bin.size_m[:2]) / 2).astype(np.float32)
    keep = (sheet[:, 2] > FLOOR_BAND_M) & _within(sheet, -half, half)
    return sheet[keep], labels.reshape(-1)[past[keep]]


def _neighbours(lines: npt.NDArray[np.int64], distance: FloatArray) -> npt.NDArray[np.int64]:
    """(P, 2) pixels next to each other on a line, but for pixels without a return, and a jump apart."""
    order = lines.reshape(-1)
    line = np.repeat(np.arange(len(lines)), lines.shape[1])
    seen = np.flatnonzero(np.isfinite(distance[order]))
    order, line = order[seen], line[seen]
    jump = (line[1:] == line[:-1]) & (np.abs(np.diff(distance[order])) > JUMP_M)
    return np.stack([order[:-1][jump], order[1:][jump]], axis=1)
