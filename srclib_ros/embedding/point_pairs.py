"""How the pairs of points of a cloud lie to one another, counted: a histogram that turning and scaling do not change.

The four features are those of Drost et al., "Model globally, match locally", CVPR 2010, equation 1; one histogram of
them over a whole shape is Wahl et al., "Surflet-pair-relation histograms", 3DIM 2003. The sign of a normal may be
unknown, so the cosines to the line between the points are taken without sign and sorted, and the cosine between the
normals has the sign of (n1.d)(n2.d)(n1.n2), which does not change when a normal flips: it tells pairs that face from
pairs that look away or lie beside one another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from srclib_ros.embedding.preprocess import CanonicalClouds
from srclib_ros.geometry.oriented import normals_of
from srclib_ros.types import FloatArray

BINS = (12, 4, 4, 8)  # distance, the smaller and the larger cosine to it, cosine of the normals
LENGTH = int(np.prod(BINS))
SAME = 1e-6  # squared distance of a point that is there twice
LONGEST = 3.5  # root mean square radii; longer distances count into the last bin


def pair_histograms(points: FloatArray, normals: FloatArray) -> FloatArray:
    """(B, 1536) float32 unit rows, the roots of the shares of all pairs; nothing but 0 where no pair has normals.

    points: (B, N, 3), mean 0 and mean squared norm 1. normals: (B, N, 3) unit, NaN where unknown.
    One minus the cosine of two rows is their squared Hellinger distance.
    """
    known = np.isfinite(normals[..., 0])
    normals = np.where(known[..., None], normals, np.float32(0.0))
    batch, count, _ = points.shape
    first, second = np.triu_indices(count, 1)
    upper, lower = first * count + second, second * count + first

    def pairs(table: FloatArray, at: npt.NDArray[np.intp]) -> FloatArray:
        return np.take(table.reshape(batch, -1), at, axis=1)

    square: FloatArray = np.einsum("bni,bni->bn", points, points)
    between = points @ np.swapaxes(points, 1, 2)
    apart = pairs(square[:, :, None] + square[:, None, :] - np.float32(2.0) * between, upper)
    length: FloatArray = np.sqrt(np.maximum(apart, np.float32(1e-9)))
    along = normals @ np.swapaxes(points, 1, 2)  # n_i . p_j
    along -= np.einsum("bni,bni->bn", normals, points)[:, :, None]  # n_i . (p_j - p_i)
    of_first, of_second = pairs(along, upper), -pairs(along, lower)
    cosine = pairs(normals @ np.swapaxes(normals, 1, 2), upper)
    cosine = np.where(of_first * of_second * cosine < 0.0, -np.abs(cosine), np.abs(cosine))
    one, other = np.abs(of_first) / length, np.abs(of_second) / length
    index = _binned(length * np.float32(1.0 / LONGEST), BINS[0])
    index = index * BINS[1] + _binned(np.minimum(one, other), BINS[1])
    index = index * BINS[2] + _binned(np.maximum(one, other), BINS[2])
    index = index * BINS[3] + _binned((cosine + np.float32(1.0)) * np.float32(0.5), BINS[3])
    counted = known[:, first] & known[:, second] & (apart > SAME)
    index[~counted] = LENGTH
    index += np.arange(batch, dtype=np.int32)[:, None] * (LENGTH + 1)
    counts = np.bincount(index.ravel(), minlength=batch * (LENGTH + 1)).reshape(batch, -1)[:, :LENGTH]
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return np.sqrt(shares).astype(np.float32)


def _binned(share: FloatArray, bins: int) -> npt.NDArray[np.int32]:
    return np.minimum((share * np.float32(bins)).astype(np.int32), bins - 1)


@dataclass(frozen=True)
class PairShape:
    """points: whose pairs are counted, of each cloud. dim: of the embedding. weight: its share of the cosine, beside
    the network's."""

    points: int = 128
    dim: int = 64
    weight: float = 0.3


@dataclass(frozen=True, eq=False)
class PairEmbedding:
    """Histograms seen along the directions that tell shapes apart. mean: (1536,). axes: (1536, dim)."""

    shape: PairShape
    mean: FloatArray
    axes: FloatArray

    def beside(self, embeddings: FloatArray, clouds: Sequence[FloatArray], canonical: CanonicalClouds) -> FloatArray:
        """(B, D + dim) unit rows: a network's unit `embeddings` (B, D), and what the pairs of the same clouds say."""
        of_pairs = (histograms(clouds, canonical, self.shape.points) - self.mean) @ self.axes
        of_pairs /= np.maximum(np.linalg.norm(of_pairs, axis=1, keepdims=True), np.float32(1e-9))
        share = np.float32(self.shape.weight)
        return np.concatenate([np.sqrt(1.0 - share) * embeddings, np.sqrt(share) * of_pairs], axis=1)


def histograms(clouds: Sequence[FloatArray], canonical: CanonicalClouds, points: int) -> FloatArray:
    """(B, 1536) `pair_histograms` of about `points` points of bare or oriented clouds, some of the `canonical` ones."""
    rows = canonical.rows[:, :: max(1, canonical.rows.shape[1] // points)]
    at = np.stack([cloud[chosen, :3] for cloud, chosen in zip(clouds, rows, strict=True)])
    at = (at - at.mean(axis=1, keepdims=True)) / canonical.size_m[:, None, None]
    return pair_histograms(
        at, np.stack([normals_of(cloud)[chosen] for cloud, chosen in zip(clouds, rows, strict=True)])
    )
