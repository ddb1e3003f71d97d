"""How the pairs of points of a cloud lie to one another, counted: histograms that turning does not change.

The four features are those of Drost et al., "Model globally, match locally", CVPR 2010, equation 1; one histogram of
them over a whole shape is Wahl et al., "Surflet-pair-relation histograms", 3DIM 2003. The sign of a normal may be
unknown, so the cosines to the line between the points are taken without sign and sorted, and the cosine between the
normals has the sign of (n1.d)(n2.d)(n1.n2), which does not change when a normal flips: it tells pairs that face from
pairs that look away or lie beside one another.

Each pair is counted twice over: by its distance as a share of the cloud's size, which scaling does not change, and by
its distance in metres, which does not change when a neighbour hides a part of the cloud.

Few pairs of many points are worth as much as all pairs of few (an incomplete U-statistic, Blom 1976): of 512 points
each is paired with those that lie given numbers of places away, in the order along the cloud's longest axis.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from srclib_ros.embedding.discriminants import Discriminants
from srclib_ros.types import FloatArray

COSINES = (4, 4, 8)  # the smaller and the larger cosine to the line, the cosine of the normals
DISTANCES, DISTANCES_M = 12, 24
COSINE_BINS = int(np.prod(COSINES))
LENGTH, LENGTH_M = DISTANCES * COSINE_BINS, DISTANCES_M * COSINE_BINS
PLACES_AT_ONCE = 4  # what is worked out for so many pairs stays in the cache
SAME_M = np.float32(1e-6)  # nearer points are one that is there twice
LONGEST = 3.5  # root mean square radii; longer distances count into the last bin
NEAREST_M, FARTHEST_M = 0.0035, 0.2  # evenly by logarithm in between; what lies outside counts into the end bins


@dataclass(frozen=True)
class PairShape:
    """points: of each cloud, of which each is paired with `partners` others. dim, dim_m: of the embeddings free of
    scale and in metres. weight: share of the first in the cosine. weight_m: of the second in the squared distance,
    beside the whole cosine's 1, where size counts."""

    points: int = 512
    partners: int = 12
    dim: int = 64
    dim_m: int = 64
    weight: float = 0.2
    weight_m: float = 0.15


@dataclass(frozen=True, eq=False)
class PairHistograms:
    """Unit rows, the roots of the shares of the pairs: one minus the cosine of two is their squared Hellinger distance;
    nothing but 0 for a cloud none of whose normals is known.

    free: (B, 1536) float32, free of scale. metric: (B, 3072) float32.
    """

    free: FloatArray
    metric: FloatArray


@dataclass(frozen=True, eq=False)
class PairEmbedding:
    """Histograms of both kinds, seen along their discriminants."""

    shape: PairShape
    free: Discriminants
    metric: Discriminants

    def describe(self, surfels: FloatArray, size_m: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(B, dim) rows of squared length `weight`, free of scale, and (B, dim_m) of `weight_m`, in metres, of what
        `pair_histograms` takes; 0 for a cloud none of whose normals is known."""
        counted = pair_histograms(surfels, size_m, self.shape.partners)
        return (
            np.float32(np.sqrt(self.shape.weight)) * self.free.describe(counted.free),
            np.float32(np.sqrt(self.shape.weight_m)) * self.metric.describe(counted.metric),
        )


def pair_histograms(surfels: FloatArray, size_m: FloatArray, partners: int) -> PairHistograms:
    """surfels: (B, N, 6) points in metres and unit normals, see `surfels.surfels`. size_m: (B,), root mean square
    radius of each cloud.

    Each point i is paired with the points i + k (mod N), for `partners` values of k spread evenly between 0 and N / 2.
    """
    batch, count, _ = surfels.shape
    points, normals = surfels[..., :3], surfels[..., 3:]
    known = np.abs(normals).sum(axis=(1, 2)) > 0.0
    centred = points - points.mean(axis=1, keepdims=True)
    half = count // 2
    p, n = (
        np.ascontiguousarray(np.moveaxis(np.concatenate([rows, rows[:, :half]], axis=1), 2, 0), np.float32)
        for rows in (centred, normals)
    )
    places = _places(count, partners)
    free, metric = np.empty((2, len(places), batch, count), np.int32)
    per_size = np.float32(DISTANCES / LONGEST) / size_m.astype(np.float32)[:, None]
    per_log = np.float32(DISTANCES_M / np.log(FARTHEST_M / NEAREST_M))
    for start in range(0, len(places), PLACES_AT_ONCE):
        now = slice(start, start + PLACES_AT_ONCE)
        distance_m, cosines = _pairs(p, n, count, places[now])
        near = _at_most(DISTANCES - 1, (distance_m * per_size).astype(np.int32))
        apart = np.log(distance_m * np.float32(1.0 / NEAREST_M)) * per_log
        apart = _at_most(DISTANCES_M - 1, np.maximum(apart, np.zeros(count, np.float32), out=apart).astype(np.int32))
        for bins, distance in ((free[now], near), (metric[now], apart)):
            distance *= COSINE_BINS
            np.add(distance, cosines, out=bins)
        there_twice = distance_m <= SAME_M
        if there_twice.any():
            free[now][there_twice], metric[now][there_twice] = LENGTH, LENGTH_M
    free[:, ~known], metric[:, ~known] = LENGTH, LENGTH_M
    return PairHistograms(_counted(free, LENGTH), _counted(metric, LENGTH_M))


def _places(count: int, partners: int) -> list[int]:
    """How many places further on a point's partners are."""
    half = count // 2
    return sorted({int(k) for k in np.ceil((np.arange(partners) + 0.5) * half / partners)})


def _pairs(p: FloatArray, n: FloatArray, count: int, places: Sequence[int]) -> tuple[FloatArray, npt.NDArray[np.int32]]:
    """(K, B, N) distances, at least SAME_M, and bins of the three cosines, of points and normals (3, B, N + N / 2)
    that begin again at their end, and what lies each of K numbers of places further on."""
    smaller, larger, between_bins = COSINES
    (dx, dy, dz), (mx, my, mz) = (np.stack([rows[..., k : k + count] for k in places], axis=1) for rows in (p, n))
    x, y, z = p[..., :count]
    nx, ny, nz = n[..., :count]
    dx -= x
    dy -= y
    dz -= z
    first = nx * dx + ny * dy + nz * dz
    second = mx * dx + my * dy + mz * dz
    between = nx * mx + ny * my + nz * mz
    between = np.copysign(between, first * second * between)
    dx *= dx
    dy *= dy
    dz *= dz
    dx += dy
    dx += dz
    distance_m = np.maximum(np.sqrt(dx, out=dx), np.full(count, SAME_M))
    per_distance = 1.0 / distance_m
    for along in (first, second):
        np.abs(along, out=along)
        along *= per_distance
    cosines = _binned(np.minimum(first, second), smaller)
    cosines *= larger
    cosines += _binned(np.maximum(first, second), larger)
    cosines *= between_bins
    between *= np.float32(0.5)
    between += np.float32(0.5)
    cosines += _binned(between, between_bins)
    return distance_m, cosines


def _binned(share: FloatArray, bins: int) -> npt.NDArray[np.int32]:
    """Which of the bins from 0 to 1, though rounding may have left it a little above 1. Spends `share`."""
    share *= np.float32(bins)
    return _at_most(bins - 1, share.astype(np.int32))


def _at_most(most: int, index: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """The bins (..., N), no more than `most`: numpy does that thrice as fast with a row of it as with a number."""
    return np.minimum(index, np.full(index.shape[-1], most, np.int32), out=index)


def _counted(bins: npt.NDArray[np.int32], length: int) -> FloatArray:
    """(B, length) roots of the shares of bins (K, B, N); bin number `length` does not count."""
    batch = bins.shape[1]
    bins += (np.arange(batch, dtype=np.int32) * (length + 1))[:, None]
    counts = np.bincount(bins.ravel(), minlength=batch * (length + 1)).reshape(batch, -1)[:, :length]
    return np.sqrt(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)).astype(np.float32)
