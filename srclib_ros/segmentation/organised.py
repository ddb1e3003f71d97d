"""Instances on a depth grid: cut at depth jumps and concave folds, connect what is left, give the cuts back.

Convex and smooth neighbours belong together, concave folds part things that touch: Stein et al., "Object
partitioning using local convexity", CVPR 2014, here on pixels instead of supervoxels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import label as connected_components
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components as component_labels

from srclib_ros.config import SegmentationConfig
from srclib_ros.types import FloatArray, IntArray

BoolArray = npt.NDArray[np.bool_]
_CORE_PX = 12
_CUT_SHARE = 0.5
_GROW_ROUNDS = 8
_SIDE_PX = 3


@dataclass(frozen=True, eq=False)
class Pieces:
    """What a scene was cut into. labels: (H, W) int32, 1..n, 0 for what is no part; they are changed in place. points,
    normals: (3, H, W) float32, bin frame, normals NaN where unknown. concavity: (H, W) float32, see `concave_fold`.
    sides: (H, W) bool, what labels may spread over in the end, see `give_sides`."""

    labels: IntArray
    points: FloatArray
    normals: FloatArray
    concavity: FloatArray
    sides: BoolArray


def grid_pieces(
    points: FloatArray,
    normals: FloatArray,
    inverse_depth: FloatArray,
    mask: BoolArray,
    sides: BoolArray,
    config: SegmentationConfig,
) -> Pieces:
    """Parts, some of them in pieces where they fold concavely or step in depth themselves, see `joining`, and without
    their steep sides, see `give_sides`.

    points, normals: (3, H, W) float32, bin frame, normals unit, towards the sensor. inverse_depth: (H, W), 1 / m,
    0: none. mask, sides: (H, W), the pixels that may belong to a part, and those that may to its sides.

    Cuts are made from a fold of half `concavity_rad` on, so that none leaks, and mended where a whole border folds by
    less than `concavity_rad` on average.
    """
    jump_u, jump_v = depth_jumps(inverse_depth, config.depth_jump)
    concavity = concave_fold(points, normals)
    limit = 2.0 * float(np.sin(config.concavity_rad / 2))
    edge = concavity > np.float32(_CUT_SHARE * limit)
    _mark_far_side(edge, inverse_depth, jump_u, 1)
    _mark_far_side(edge, inverse_depth, jump_v, 0)
    labels = np.zeros(mask.shape, np.int32)
    connected_components(mask & ~edge, output=labels)
    drop_small(labels, _CORE_PX)
    link_u = mask[:, 1:] & mask[:, :-1] & ~jump_u
    link_v = mask[1:] & mask[:-1] & ~jump_v
    grow(labels, mask, link_u, link_v, _GROW_ROUNDS)
    merge(labels, borders(labels, concavity, link_u, link_v), limit)
    return Pieces(labels, points, normals, concavity, sides)


def depth_jumps(inverse_depth: FloatArray, depth_jump: float) -> tuple[BoolArray, BoolArray]:
    """Whether the depth steps by more than this share between (u, u + 1): (H, W - 1), and (v, v + 1): (H - 1, W)."""
    w, share = inverse_depth, np.float32(depth_jump)
    jump_u = np.abs(w[:, 1:] - w[:, :-1]) > share * np.minimum(w[:, 1:], w[:, :-1])
    jump_v = np.abs(w[1:] - w[:-1]) > share * np.minimum(w[1:], w[:-1])
    return jump_u, jump_v


def concave_fold(points: FloatArray, normals: FloatArray, reach_px: int = 3) -> FloatArray:
    """(H, W) float32: how far the surfaces `reach_px` to either side turn towards each other, 2 sin(angle / 2).

    0 where they are flat, convex or unknown.
    """
    concavity = np.zeros(points.shape[1:], np.float32)
    step = 2 * reach_px
    for axis in (1, 2):
        ahead = (slice(None),) * axis + (slice(step, None),)
        behind = (slice(None),) * axis + (slice(None, -step),)
        chord = points[ahead] - points[behind]
        turn = normals[ahead] - normals[behind]
        fold = np.einsum("ijk,ijk->jk", turn, chord)
        fold /= -np.sqrt(np.einsum("ijk,ijk->jk", chord, chord))
        middle = concavity[(slice(None),) * (axis - 1) + (slice(reach_px, -reach_px),)]
        np.fmax(middle, fold, out=middle)
    return concavity


@dataclass(frozen=True, eq=False)
class Borders:
    """Where two segments touch. pairs: (M, 2) labels, first < second. length_px, concavity: (M,), its mean along it."""

    pairs: IntArray
    length_px: npt.NDArray[np.int64]
    concavity: npt.NDArray[np.float64]


def borders(labels: IntArray, concavity: FloatArray, link_u: BoolArray, link_v: BoolArray) -> Borders:
    """Every pair of labels that share a linked border."""
    ends = [
        (first[cut], second[cut], np.maximum(fold_first[cut], fold_second[cut]))
        for first, second, fold_first, fold_second, cut in (
            _sides(labels, concavity, link_u, np.s_[:, :-1], np.s_[:, 1:]),
            _sides(labels, concavity, link_v, np.s_[:-1], np.s_[1:]),
        )
    ]
    first, second, fold = (np.concatenate(parts) for parts in zip(*ends, strict=True))
    count = int(labels.max(initial=0)) + 1
    keys, which, length = np.unique(
        np.minimum(first, second).astype(np.int64) * count + np.maximum(first, second),
        return_inverse=True,
        return_counts=True,
    )
    pairs = np.column_stack((keys // count, keys % count)).astype(np.int32)
    return Borders(pairs, length, np.bincount(which, fold, minlength=len(keys)) / length)


def merge(labels: IntArray, borders: Borders, limit: float) -> None:
    """Join segments whose border is less concave than `limit`, in place; labels stay 1..n."""
    joined = borders.pairs[borders.concavity < limit]
    count = int(labels.max(initial=0)) + 1
    graph = coo_array((np.ones(len(joined), np.int8), (joined[:, 0], joined[:, 1])), shape=(count, count))
    relabel(labels, component_labels(graph, directed=False)[1])


def _sides(
    labels: IntArray, concavity: FloatArray, link: BoolArray, before: Any, after: Any
) -> tuple[IntArray, IntArray, FloatArray, FloatArray, BoolArray]:
    first, second = labels[before], labels[after]
    cut = link & (first != second) & (first > 0) & (second > 0)
    return first, second, concavity[before], concavity[after], cut


def drop_small(labels: IntArray, least: int) -> npt.NDArray[np.int64]:
    """Set labels of fewer than `least` pixels to 0, in place; the others keep their order, 1..n.

    Returns (n,) what they were before.
    """
    sizes = np.bincount(labels.ravel())
    kept = sizes >= least
    kept[0] = False
    relabel(labels, np.where(kept, np.cumsum(kept), 0))
    return np.flatnonzero(kept)


def relabel(labels: IntArray, names: npt.NDArray[np.integer]) -> None:
    """Replace each label by its entry in `names`, in place."""
    np.take(names.astype(np.int32, copy=False), labels, out=labels, mode="clip")


def grow(labels: IntArray, mask: BoolArray, link_u: BoolArray, link_v: BoolArray, rounds: int) -> None:
    """Let labels spread into unlabelled pixels of the mask along links, one pixel a round, in place.

    link_u: (H, W - 1), link_v: (H - 1, W): whether a pixel is joined to its right and its lower neighbour.
    """
    height, width = labels.shape
    joined = np.zeros((4, height, width), bool)
    joined[0, :, :-1] = joined[1, :, 1:] = link_u
    joined[2, :-1] = joined[3, 1:] = link_v
    linked = joined.reshape(4, -1)
    flat = labels.reshape(-1)
    open_pixels = np.flatnonzero(mask.reshape(-1) & (flat == 0))
    for _ in range(rounds):
        found = np.zeros(len(open_pixels), np.int32)
        for side, offset in enumerate((1, -1, width, -width)):
            reachable = linked[side, open_pixels]
            neighbour = flat[np.where(reachable, open_pixels + offset, 0)]
            np.copyto(found, neighbour, where=reachable & (found == 0))
        hit = found > 0
        if not hit.any():
            break
        flat[open_pixels[hit]] = found[hit]
        open_pixels = open_pixels[~hit]


def give_sides(pieces: Pieces) -> None:
    """Let the labels spread over what lies near them and is of none, in place, whatever steps lie between: a side that
    is seen aslant steps from pixel to pixel as edges do, and comes down to the floor. What was dropped as too small a
    part goes to its neighbours likewise."""
    mask = pieces.sides
    grow(pieces.labels, mask, mask[:, 1:] & mask[:, :-1], mask[1:] & mask[:-1], _SIDE_PX)


def _mark_far_side(edge: BoolArray, inverse_depth: FloatArray, jump: BoolArray, axis: int) -> None:
    before, after = (np.s_[:, :-1], np.s_[:, 1:]) if axis == 1 else (np.s_[:-1], np.s_[1:])
    first_is_far = inverse_depth[before] < inverse_depth[after]
    edge[before] |= jump & first_is_far
    edge[after] |= jump & ~first_is_far
