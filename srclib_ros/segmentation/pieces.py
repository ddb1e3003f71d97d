"""What speaks for two neighbouring segments being pieces of one part: a row of numbers for each pair.

Neighbours follow one another along a row or a column of the grid, also over a step in depth, over a gap of a few
pixels that are of no segment, and, if they do so nowhere, across a third segment that lies on top of both: what crosses
a part leaves two pieces of it. Lengths are in units of the larger segment's size, so a pair looks alike at every scale.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from srclib_ros.segmentation.label_shapes import LabelShapes, outline
from srclib_ros.segmentation.organised import Pieces
from srclib_ros.types import FloatArray, IntArray, Matrix

GAP_PX, ACROSS_PX = 8, 80
ON_TOP_M = 0.003
FEATURES = (
    "border_share",  # how much of the smaller one's outline borders the larger
    "other_share",  # how much of it borders other segments
    "border_length",  # in square roots of the smaller one's pixels
    "gap",
    "step",  # how much lower the larger lies at the border
    "step_size",
    "concavity",  # as in `organised.concave_fold`
    "fold",  # how far the normals turn apart across the border; below 0, towards each other
    "normals_across",  # their cosine
    "size_ratio",
    "area_ratio",  # logarithm
    "distance",  # of the centroids
    "above_larger",  # the smaller one's centroid along the larger one's mean normal
    "above_smaller",
    "mean_normals",  # cosine
    "low_smaller",  # where each begins and ends above the floor
    "low_larger",
    "high_smaller",
    "high_larger",
    "flat_smaller",  # least width over the longest
    "flat_larger",
    "round_smaller",  # middle width over the longest
    "round_larger",
    "axis_angle",  # cosine between the longest axes
    "across",  # 1 where a third one lies between them everywhere
    "off_axis",  # the smaller one's centroid from the larger one's longest axis
)

Indices = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Pairs:
    """labels: (M, 2), the smaller segment first. features: (M, F) float32, by `FEATURES`."""

    labels: Indices
    features: FloatArray


def neighbouring_pairs(pieces: Pieces) -> Pairs:
    """Every pair of labels that meet."""
    labels, points, normals = pieces.labels, pieces.points, pieces.normals
    before, after, bridged = _meetings(labels, points[2])
    if not len(before):
        return Pairs(np.zeros((0, 2), np.int64), np.zeros((0, len(FEATURES)), np.float32))
    flat = labels.reshape(-1)
    of = LabelShapes.of(flat, points.reshape(3, -1), normals.reshape(3, -1))
    first, second = flat[before], flat[after]
    swap = (of.pixels[first] > of.pixels[second]) | ((of.pixels[first] == of.pixels[second]) & (first > second))
    at_smaller, at_larger = np.where(swap, after, before), np.where(swap, before, after)
    count = len(of.pixels)
    keys, pair = np.unique(flat[at_smaller].astype(np.int64) * count + flat[at_larger], return_inverse=True)
    small, large = keys // count, keys % count
    length = np.bincount(pair).astype(np.float64)

    def mean(values: npt.NDArray[np.floating]) -> Matrix:
        return np.bincount(pair, values) / length

    between = np.take(points.reshape(3, -1), at_larger, axis=1) - np.take(points.reshape(3, -1), at_smaller, axis=1)
    normal_small, normal_large = (
        np.nan_to_num(np.take(normals.reshape(3, -1), at, axis=1)) for at in (at_smaller, at_larger)
    )
    gap = np.sqrt(np.einsum("ij,ij->j", between, between))
    fold = np.einsum("ij,ij->j", normal_large - normal_small, between) / np.maximum(gap, 1e-6)
    folds = np.maximum(pieces.concavity.reshape(-1)[at_smaller], pieces.concavity.reshape(-1)[at_larger])
    unit = of.size[large]
    meetings = np.bincount(np.concatenate((first, second)), minlength=count)
    ends = outline(labels, count)
    apart = of.centre[small] - of.centre[large]
    along = np.einsum("ij,ij->i", apart, of.axis[large])
    features = (
        length / ends[small],
        (meetings[small] - length) / ends[small],
        length / np.sqrt(of.pixels[small]),
        mean(gap) / unit,
        mean(-between[2]) / unit,
        mean(np.abs(between[2])) / unit,
        mean(folds),
        mean(fold),
        mean(np.einsum("ij,ij->j", normal_small, normal_large)),
        of.size[small] / unit,
        np.log(of.pixels[small] / of.pixels[large]),
        np.linalg.norm(apart, axis=1) / unit,
        np.einsum("ij,ij->i", apart, of.normal[large]) / unit,
        np.einsum("ij,ij->i", -apart, of.normal[small]) / unit,
        np.einsum("ij,ij->i", of.normal[small], of.normal[large]),
        (of.centre[small, 2] - of.rise[small]) / unit,
        (of.centre[large, 2] - of.rise[large]) / unit,
        (of.centre[small, 2] + of.rise[small]) / unit,
        (of.centre[large, 2] + of.rise[large]) / unit,
        of.widths[small, 0] / of.widths[small, 2],
        of.widths[large, 0] / of.widths[large, 2],
        of.widths[small, 1] / of.widths[small, 2],
        of.widths[large, 1] / of.widths[large, 2],
        np.abs(np.einsum("ij,ij->i", of.axis[small], of.axis[large])),
        mean(bridged.astype(np.float64)),
        np.sqrt(np.maximum(np.einsum("ij,ij->i", apart, apart) - along**2, 0.0)) / unit,
    )
    return Pairs(np.stack((small, large), axis=1), np.stack(features, axis=1).astype(np.float32))


def _meetings(labels: IntArray, height_m: FloatArray) -> tuple[Indices, Indices, BoolArray]:
    """Flat indices of labelled pixels that follow one another along a row or column and differ in their label, and
    whether that is across a third one; which does not count for labels that follow one another elsewhere."""
    rows = _along_rows(labels, height_m)
    height, width = labels.shape
    before, after, bridged = _along_rows(labels.T, height_m.T)
    columns = *((at % height) * width + at // height for at in (before, after)), bridged
    before, after, bridged = (np.concatenate(of) for of in zip(rows, columns, strict=True))
    flat = labels.reshape(-1)
    ends = np.sort(np.stack([flat[before], flat[after]]), axis=0).astype(np.int64)
    pair = ends[0] * (int(flat.max(initial=0)) + 1) + ends[1]
    kept = ~bridged | ~np.isin(pair, pair[~bridged])
    return before[kept], after[kept], bridged[kept]


def _along_rows(labels: IntArray, height_m: FloatArray) -> tuple[Indices, Indices, BoolArray]:
    flat, height_m = labels.ravel(), height_m.ravel()
    shown = np.flatnonzero(flat > 0)
    width = labels.shape[1]
    follows = (np.diff(shown) <= GAP_PX) & (shown[:-1] // width == shown[1:] // width)
    # runs of one label end before and begin after these
    ends = np.flatnonzero((flat[shown[:-1]] != flat[shown[1:]]) | ~follows)
    before, after, near = shown[ends], shown[ends + 1], follows[ends]
    one, begins, leaves, other = before[:-1], after[:-1], before[1:], after[1:]
    on_top = (height_m[begins] > height_m[one] + ON_TOP_M) & (height_m[leaves] > height_m[other] + ON_TOP_M)
    differ = (flat[one] != flat[other]) & (other - one <= ACROSS_PX)
    bridged = near[:-1] & near[1:] & on_top & differ
    return (
        np.concatenate([before[near], one[bridged]]),
        np.concatenate([after[near], other[bridged]]),
        np.repeat([False, True], [np.count_nonzero(near), np.count_nonzero(bridged)]),
    )
