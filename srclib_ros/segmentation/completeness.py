"""What speaks for a segment being one whole part, and no piece of one or several together: a row of numbers each.

Detectors of instances score their masks likewise (Huang et al., "Mask Scoring R-CNN", CVPR 2019).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from srclib_ros.segmentation.label_shapes import LabelShapes, outline
from srclib_ros.segmentation.organised import Pieces
from srclib_ros.types import FloatArray, Matrix

FEATURES = (
    "outline",  # in square roots of its pixels
    "pixels",  # logarithm
    "doubt",  # the highest probability with which something else is of its part
    "core",  # of its pixels, those that it had before it was given its sides
    "largest",  # of its pixels, those of the largest piece that it is joined of
    "covered",  # of the outline, beyond which something stands higher
    "open",  # of the outline, beyond which lies what is of no segment, as high as it
    "length_m",  # logarithm
    "flat",  # least width over the longest
    "round",  # middle width over the longest
    "low",  # how far above the floor it begins, in its size
    "upright",  # its mean normal along z
)
_BEYOND_PX = 2
_STEP_M = 0.004


@dataclass(frozen=True, eq=False)
class Making:
    """How n segments came about. doubt: (n,), see `joining.Joined`. core_px, largest_px: (n,) pixels that each had
    before it was given its sides, and of the largest piece that it is joined of."""

    doubt: FloatArray
    core_px: npt.NDArray[np.int64]
    largest_px: Matrix


def segment_features(pieces: Pieces, making: Making) -> FloatArray:
    """(n, F) float32 of the labels 1..n, by `FEATURES`."""
    if not len(making.doubt):
        return np.zeros((0, len(FEATURES)), np.float32)
    of = LabelShapes.of(pieces.labels.reshape(-1), pieces.points.reshape(3, -1), pieces.normals.reshape(3, -1))
    px, size, longest = of.pixels[1:], of.size[1:], of.widths[1:, 2]
    covered, open_ = _beyond(pieces)
    features = (
        outline(pieces.labels, len(of.pixels))[1:] / np.sqrt(px),
        np.log(px),
        making.doubt,
        making.core_px / px,
        making.largest_px / px,
        covered,
        open_,
        np.log(longest),
        of.widths[1:, 0] / longest,
        of.widths[1:, 1] / longest,
        (of.centre[1:, 2] - of.rise[1:]) / size,
        of.normal[1:, 2],
    )
    return np.stack(features, axis=1).astype(np.float32)


def _beyond(pieces: Pieces) -> tuple[Matrix, Matrix]:
    """(n,) shares of each outline, `covered` and `open`, by what lies `_BEYOND_PX` pixels further on."""
    height, width = pieces.labels.shape
    labels, z = pieces.labels.reshape(-1), pieces.points[2].reshape(-1)
    shown = np.flatnonzero(labels > 0)
    v, u = np.divmod(shown, width)
    ends = np.zeros((3, int(labels.max()) + 1))
    for place, size, pixel in ((u, width, 1), (v, height, width)):
        for side in (-_BEYOND_PX, _BEYOND_PX):
            inner = shown[(place >= -side) & (place < size - side)]
            inner = inner[labels[inner] != labels[inner + side * pixel]]
            outer = inner + side * pixel
            label, step_m = labels[inner], z[outer] - z[inner]
            covered, open_ = step_m > _STEP_M, (np.abs(step_m) <= _STEP_M) & (labels[outer] == 0)
            for count, some in zip(ends, (label, label[covered], label[open_]), strict=True):
                count += np.bincount(some, minlength=len(count))
    every, covered_ends, open_ends = ends[:, 1:]
    return covered_ends / np.maximum(every, 1.0), open_ends / np.maximum(every, 1.0)
