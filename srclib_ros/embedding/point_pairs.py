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
from srclib_ros.geometry.oriented import rows_of
from srclib_ros.types import FloatArray

BINS = (12, 4, 4, 8)  # distance, the smaller and the larger cosine to it, cosine of the normals
LENGTH = int(np.prod(BINS))
MOST_POINTS = 512
SAME = np.float32(1e-6)  # squared distance of a point that is there twice
LONGEST = 3.5  # root mean square radii; longer distances count into the last bin


def pair_histograms(points: FloatArray, normals: FloatArray) -> FloatArray:
    """(B, 1536) float32 unit rows, the roots of the shares of all pairs of points that do not coincide.

    points: (B, N, 3), mean 0 and mean squared norm about 1. normals: (B, N, 3) unit, finite.
    One minus the cosine of two rows is their squared Hellinger distance.
    """
    batch, count, _ = points.shape
    first, second = np.triu_indices(count, 1)
    upper, lower = first * count + second, second * count + first
    one = np.ones((batch, count, 1), np.float32)
    square = np.einsum("bni,bni->bn", points, points)[..., None]
    height = np.einsum("bni,bni->bn", normals, points)[..., None]
    apart = _products([points, square, one], [np.float32(-2.0) * points, one, square]).take(upper, axis=1)
    slopes = _products([normals, height], [points, -one])  # n_i . (p_j - p_i)
    of_first, of_second = slopes.take(upper, axis=1), slopes.take(lower, axis=1)
    between = _products([normals], [normals]).take(upper, axis=1)
    opposed = of_first * of_second * between > 0.0  # of_second is along -d
    np.abs(between, out=between)
    np.negative(between, out=between, where=opposed)
    uncounted = apart <= SAME
    length = np.sqrt(np.maximum(apart, SAME))
    of_first, of_second = np.abs(of_first) / length, np.abs(of_second) / length
    index = _binned(length, 0.0, LONGEST, BINS[0])
    for cosine, low, bins in (
        (np.minimum(of_first, of_second), 0.0, BINS[1]),
        (np.maximum(of_first, of_second), 0.0, BINS[2]),
        (between, -1.0, BINS[3]),
    ):
        index *= bins
        index += _binned(cosine, low, 1.0, bins)
    index[uncounted] = LENGTH
    index += np.arange(batch, dtype=np.int32)[:, None] * (LENGTH + 1)
    counts = np.bincount(index.ravel(), minlength=batch * (LENGTH + 1)).reshape(batch, -1)[:, :LENGTH]
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return np.sqrt(shares).astype(np.float32)


def _products(rows: Sequence[FloatArray], columns: Sequence[FloatArray]) -> FloatArray:
    """(B, N * N) dot products of all rows (B, N, k) with all columns (B, N, k), each given in pieces along k."""
    table: FloatArray = np.concatenate(rows, axis=2) @ np.swapaxes(np.concatenate(columns, axis=2), 1, 2)
    return table.reshape(len(table), -1)


def _binned(values: FloatArray, low: float, high: float, bins: int) -> npt.NDArray[np.int32]:
    """Which of the bins from low to high; what lies above is in the last."""
    scale = np.float32(bins / (high - low))
    index = (values * scale - np.float32(low) * scale).astype(np.int32)
    return np.minimum(index, bins - 1, out=index)


@dataclass(frozen=True)
class PairShape:
    """points: whose pairs are counted, of each cloud. dim: of the embedding. weight: its share of the cosine, beside
    the network's."""

    points: int = 128
    dim: int = 64
    weight: float = 0.2


@dataclass(frozen=True, eq=False)
class PairEmbedding:
    """Histograms seen along the directions that tell shapes apart. mean: (1536,). axes: (1536, dim)."""

    shape: PairShape
    mean: FloatArray
    axes: FloatArray

    def describe(self, clouds: Sequence[FloatArray], canonical: CanonicalClouds) -> FloatArray:
        """(B, dim) unit rows of clouds and what they are canonically; 0 for a cloud none of whose normals is known."""
        counted = histograms(clouds, canonical, self.shape.points)
        of_pairs = (counted - self.mean) @ self.axes
        length = np.linalg.norm(of_pairs, axis=1, keepdims=True)
        seen = counted.any(axis=1, keepdims=True)
        return np.where(seen, of_pairs / np.maximum(length, 1e-9), 0.0).astype(np.float32)

    def joined(self, embeddings: FloatArray, of_pairs: FloatArray) -> FloatArray:
        """(B, D + dim) unit rows: a network's (B, D), and these (B, dim) at their share of the cosine, if there are."""
        share = np.where(of_pairs.any(axis=1, keepdims=True), np.float32(self.shape.weight), np.float32(0.0))
        return np.concatenate([np.sqrt(1.0 - share) * embeddings, np.sqrt(share) * of_pairs], axis=1)


def histograms(clouds: Sequence[FloatArray], canonical: CanonicalClouds, points: int) -> FloatArray:
    """(B, 1536) `pair_histograms` of bare or oriented clouds; nothing but 0 where no normal is known.

    points: of each cloud, about; those of the `canonical` ones that have a normal, some twice where others have none.
    """
    stride = max(1, canonical.rows.shape[1] // points)
    chosen = [_surfels(cloud, rows[::stride]) for cloud, rows in zip(clouds, canonical.rows, strict=True)]
    surfels = np.stack(chosen)
    at = surfels[..., :3] - surfels[..., :3].mean(axis=1, keepdims=True)
    return pair_histograms(at / canonical.size_m[:, None, None], surfels[..., 3:])


def _surfels(cloud: FloatArray, rows: npt.NDArray[np.int64]) -> FloatArray:
    """(N, 6) the points of these rows and their normals."""
    surfels = rows_of(cloud, rows)
    known = np.flatnonzero(np.isfinite(surfels[:, 3]))
    if not len(known):
        return np.zeros((len(rows), 6), np.float32)
    return surfels if len(known) == len(rows) else surfels[np.resize(known, len(rows))]
