"""Histogram of point pair features over a whole cloud.

The four features are those of Drost et al., "Model globally, match locally", CVPR 2010, equation 1; one histogram of
them over a whole shape is Wahl et al., "Surflet-pair-relation histograms", 3DIM 2003.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from srclib_ros.embedding.encoder import Descriptors
from srclib_ros.geometry.normals import neighbour_normals
from srclib_ros.training.descriptors.describer import rms_radius, sizes_m, thinned_for, unit_histograms
from srclib_ros.types import FloatArray

PAIRS = 16_384
POINTS = 1024
NEIGHBOURS = 30
BINS = (12, 4, 4, 8)  # distance, the smaller and the larger cosine to it, cosine of the normals
LONGEST = 3.5  # root mean square radii; longer distances count into the last bin


class PointPairHistogram:
    """16,384 random pairs (p1, n1), (p2, n2) with d = p2 - p1, counted by |d|, n1.d, n2.d and n1.n2.

    Distances are in units of the cloud's root mean square radius, so the histogram is free of scale, and size stands
    beside it. Normals come from the cloud alone and their sign is unknown, as a cloud comes without a viewpoint:
    cosines to d are taken without sign and sorted. n1.n2 keeps the sign of (n1.d)(n2.d)(n1.n2), which does not change
    when a normal flips: it tells pairs that face from pairs that look away or lie beside one another.
    """

    def describe(self, clouds: Sequence[FloatArray]) -> Descriptors:
        """embeddings (B, 1536) unit rows; size_m (B,), root mean square distance to the centroid."""
        counts = np.stack([_histogram(thinned_for(cloud, POINTS)) for cloud in clouds])
        return Descriptors(unit_histograms(counts), sizes_m(clouds))


def _histogram(points: FloatArray) -> FloatArray:
    normals = neighbour_normals(points, np.zeros(3), NEIGHBOURS)
    known = np.flatnonzero(np.isfinite(normals[:, 0]))
    if len(known) < 2:
        return np.zeros(int(np.prod(BINS)), np.float32)
    first, second = known[np.random.default_rng(0).integers(len(known), size=(2, PAIRS))]
    apart = np.any(points[first] != points[second], axis=1)
    features = pair_features(points[first[apart]], normals[first[apart]], points[second[apart]], normals[second[apart]])
    features[:, 0] /= LONGEST * rms_radius(points)
    features[:, 3] = (features[:, 3] + 1.0) / 2.0
    bins = np.minimum(features * BINS, np.array(BINS) - 1).astype(np.int64)
    return np.bincount(np.ravel_multi_index(tuple(bins.T), BINS), minlength=int(np.prod(BINS))).astype(np.float32)


def pair_features(
    first: FloatArray, first_normals: FloatArray, second: FloatArray, second_normals: FloatArray
) -> npt.NDArray[np.float32]:
    """(M, 4) of M pairs of points (M, 3) and unit normals: |d|, the smaller and the larger |n.d| / |d|, and |n1.n2|
    with the sign of (n1.d)(n2.d)(n1.n2). Turning the cloud, flipping a normal or swapping the two changes none."""
    d = second - first
    length = np.linalg.norm(d, axis=1)
    to_first = np.einsum("ij,ij->i", first_normals, d) / length
    to_second = np.einsum("ij,ij->i", second_normals, d) / length
    between = np.einsum("ij,ij->i", first_normals, second_normals)
    cosines = np.sort(np.abs(np.stack([to_first, to_second], axis=1)), axis=1)
    signed = np.copysign(np.abs(between), to_first * to_second * between)
    return np.column_stack([length, cosines, signed])
