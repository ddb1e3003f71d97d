"""What speaks for a segment being one whole part, and no piece of one or several together: a row of numbers each.

Detectors of instances score their masks likewise (Huang et al., "Mask Scoring R-CNN", CVPR 2019).
"""

from __future__ import annotations

import numpy as np

from srclib_ros.segmentation.label_shapes import LabelShapes, outline
from srclib_ros.types import FloatArray, IntArray

FEATURES = (
    "outline",  # in square roots of its pixels
    "pixels",  # logarithm
    "doubt",  # see `joining.Joined`
    "flat",  # least width over the longest
    "round",  # middle width over the longest
    "low",  # how far above the floor it begins, in its size
    "upright",  # its mean normal along z
)


def segment_features(labels: IntArray, points: FloatArray, normals: FloatArray, doubt: FloatArray) -> FloatArray:
    """(n, F) float32 of the labels 1..n, by `FEATURES`.

    labels: (H, W). points, normals: (3, H, W) float32, bin frame, z up from the floor; normals NaN where unknown.
    doubt: (n,).
    """
    if not len(doubt):
        return np.zeros((0, len(FEATURES)), np.float32)
    of = LabelShapes.of(labels.reshape(-1), points.reshape(3, -1), normals.reshape(3, -1))
    longest = of.widths[:, 2]
    features = (
        outline(labels, len(of.pixels)) / np.sqrt(of.pixels),
        np.log(of.pixels),
        np.concatenate(([0.0], doubt)),
        of.widths[:, 0] / longest,
        of.widths[:, 1] / longest,
        (of.centre[:, 2] - of.rise) / of.size,
        of.normal[:, 2],
    )
    return np.stack(features, axis=1).astype(np.float32)[1:]
