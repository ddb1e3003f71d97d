"""What the patches of a cloud look like, whichever of them are in sight: what a neighbour hides takes some away and
leaves the others as they are.

Around each of some points, within a few radii, weighted moments tell a patch: how much there is, how it spreads in
space, how its normals spread, how it lies to the normal in its middle. Neither turning nor scaling nor the signs of
normals change them. A cloud is what its patches have that patches in general have not: the Fisher vector of a Gaussian
mixture (Perronnin, Sanchez and Mensink, "Improving the Fisher kernel for large-scale image classification", ECCV 2010),
seen along the directions that tell shapes apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from srclib_ros.embedding.discriminants import Discriminants
from srclib_ros.types import FloatArray

RADII = (0.25, 0.45, 0.8, 1.3)  # of patches, as shares of the cloud's root mean square radius
MOMENTS = 12  # of each radius, see `_moments_within`
LENGTH = MOMENTS * len(RADII)
MOST_SEEDS, MOST_WORDS = 512, 256
CLOUDS_AT_ONCE = 8
"""What patches are worked out with stays in the cache."""
NEGLIGIBLE = np.float32(-40.0)
"""Logarithm of the least share of a word: numbers that small are slow to reckon with."""
_TWICE = np.array((1, 1, 1, 2, 2, 2), np.float32)  # how often each of xx, yy, zz, xy, xz, yz stands in the matrix


@dataclass(frozen=True)
class PatchShape:
    """points: of each cloud. seeds: those of them in the middle of a patch. components: of a patch, its principal ones.
    words: of the mixture. dim: of the embedding. weight: its share in the cosine."""

    points: int = 512
    seeds: int = 128
    components: int = 24
    words: int = 48
    dim: int = 64
    weight: float = 0.2

    @property
    def fisher(self) -> int:
        """Length of a Fisher vector."""
        return 2 * self.words * self.components


@dataclass(frozen=True, eq=False)
class PatchWords:
    """A mixture of Gaussians with diagonal covariances, of patches along their whitened principal components.

    mean: (LENGTH,) of patches. components: (LENGTH, C). shares: (K,), adding up to 1. means, deviations: (K, C).
    """

    mean: FloatArray
    components: FloatArray
    shares: FloatArray
    means: FloatArray
    deviations: FloatArray

    def fisher(self, patches: FloatArray) -> FloatArray:
        """(B, 2 K C) unit rows, roots taken, of the patches (B, M, LENGTH) of clouds; 0 for a cloud without any."""
        batch, count, _ = patches.shape
        rows: FloatArray = np.matmul(patches.reshape(batch * count, -1) - self.mean, self.components)
        belongs = self._responsibilities(rows).reshape(batch, count, -1)
        rows = rows.reshape(batch, count, -1)
        much = belongs.sum(axis=1)[..., None]
        first, second = (np.swapaxes(belongs, 1, 2) @ power for power in (rows, rows * rows))
        shares = np.sqrt(self.shares)[:, None] * np.float32(count)
        of_mean = (first - much * self.means) / (self.deviations * shares)
        centred = second - 2 * first * self.means + much * (self.means**2 - self.deviations**2)
        of_deviation = centred / (self.deviations**2 * shares * np.float32(np.sqrt(2.0)))
        both = np.concatenate([of_mean.reshape(batch, -1), of_deviation.reshape(batch, -1)], axis=1)
        both = np.sign(both) * np.sqrt(np.abs(both))
        both[~patches.any(axis=(1, 2))] = 0.0
        return (both / np.maximum(np.linalg.norm(both, axis=1, keepdims=True), 1e-9)).astype(np.float32)

    def _responsibilities(self, rows: FloatArray) -> FloatArray:
        """(R, K) how far each row (R, C) is of each word; rows add up to 1."""
        precision = 1.0 / self.deviations**2
        far = (rows * rows) @ precision.T - 2 * rows @ (self.means * precision).T
        constant = (self.means**2 * precision).sum(axis=1) + 2 * np.log(self.deviations).sum(axis=1)
        likely = np.log(self.shares) - 0.5 * (far + constant)
        likely = np.exp(np.maximum(likely - likely.max(axis=1, keepdims=True), NEGLIGIBLE))
        return (likely / likely.sum(axis=1, keepdims=True)).astype(np.float32)


@dataclass(frozen=True, eq=False)
class PatchEmbedding:
    """Fisher vectors of patches, seen along their discriminants."""

    shape: PatchShape
    words: PatchWords
    telling: Discriminants

    def describe(self, surfels: FloatArray, size_m: FloatArray) -> FloatArray:
        """(B, dim) rows of squared length `weight`, of what `patch_moments` takes; 0 for a cloud none of whose normals
        is known."""
        patches = patch_moments(surfels, size_m, self.shape.seeds)
        return np.float32(np.sqrt(self.shape.weight)) * self.telling.describe(self.words.fisher(patches))


def patch_moments(surfels: FloatArray, size_m: FloatArray, seeds: int) -> FloatArray:
    """(B, seeds, LENGTH) of patches, nothing but 0 where no normal is known.

    surfels: (B, N, 6) points in metres and unit normals, see `surfels.surfels`. size_m: (B,), root mean square radius
    of each cloud. Patches lie around every N / seeds-th point.
    """
    batch = [
        _of_some(surfels[start : start + CLOUDS_AT_ONCE], size_m[start : start + CLOUDS_AT_ONCE], seeds)
        for start in range(0, len(surfels), CLOUDS_AT_ONCE)
    ]
    return np.concatenate(batch) if batch else np.zeros((0, seeds, LENGTH), np.float32)


def _of_some(surfels: FloatArray, size_m: FloatArray, seeds: int) -> FloatArray:
    count = surfels.shape[1]
    points, normals = surfels[..., :3], surfels[..., 3:]
    points = (points - points.mean(axis=1, keepdims=True)) / size_m.astype(np.float32)[:, None, None]
    chosen = ((np.arange(seeds) + 0.5) * (count / seeds)).astype(np.int64)
    seed, normal = points[:, chosen], normals[:, chosen]
    squares = np.einsum("bni,bni->bn", points, points)
    apart: FloatArray = np.matmul(-2 * seed, np.swapaxes(points, 1, 2))
    apart += squares[:, chosen, None]
    apart += squares[:, None]
    along = np.einsum("bni,bni->bn", points, normals)[..., None]
    ones = np.ones_like(along)
    terms = np.concatenate([ones, points, _outer(points), _outer(normals), along * normals, along**2], axis=2)
    moments = np.concatenate([_moments_within(radius, apart, terms, seed, normal) for radius in RADII], axis=2)
    moments[~normals.any(axis=(1, 2))] = 0.0
    return moments


def _moments_within(
    radius: float, apart: FloatArray, terms: FloatArray, seed: FloatArray, normal: FloatArray
) -> FloatArray:
    """(B, M, MOMENTS) of what lies within `radius` of each seed, the nearer the more (biweight).

    apart: (B, M, N) squared distances. terms: (B, N, 20) of each point, whose means the moments are made of. seed,
    normal: (B, M, 3). In their order: how much there is; of the points' covariance the roots of three invariants; of
    the normals' scatter two; how far the middle lies from the seed, and how far along its normal; normals along the
    seed's; spread along it; spread along the normals; and along the lines from the seed.
    """
    weight = np.float32(radius**2) - apart
    np.maximum(weight, 0.0, out=weight)
    weight *= weight
    sums = weight @ terms
    much = np.maximum(sums[..., :1], 1e-6 * radius**4)
    mean: FloatArray = np.divide(sums, much)
    middle, facing = mean[..., 1:4], mean[..., 10:16]
    spread = (mean[..., 4:10] - _outer(middle)) * np.float32(1.0 / radius**2)
    away = (middle - seed) * np.float32(1.0 / radius)
    upright, both = _TWICE * _outer(normal), _TWICE * spread
    # the mean of (n . (p - seed))^2 over points p and normals n
    lines = mean[..., 19] - 2 * _dot(mean[..., 16:19], seed) + _dot(facing, _TWICE * _outer(seed))
    return np.stack(
        [
            np.log(much[..., 0] / (terms.shape[1] * radius**4) + 1e-3),
            *(np.sqrt(np.maximum(value, 0.0)) for value in _invariants(spread)),
            *_invariants(facing)[1:],  # their trace is 1
            np.sqrt(_dot(away, away)),
            np.abs(_dot(away, normal)),
            _dot(facing, upright),
            np.sqrt(np.maximum(_dot(spread, upright), 0.0)),
            _dot(facing, both),
            np.sqrt(np.maximum(lines, 0.0)) * np.float32(1.0 / radius),
        ],
        axis=2,
    )


def _outer(vectors: FloatArray) -> FloatArray:
    """(..., 6) xx, yy, zz, xy, xz, yz of (..., 3)."""
    x, y, z = vectors[..., 0], vectors[..., 1], vectors[..., 2]
    return np.stack([x * x, y * y, z * z, x * y, x * z, y * z], axis=-1)


def _invariants(matrix: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Of symmetric matrices (..., 6): trace, Frobenius norm, cube root of the determinant (0 below 0)."""
    xx, yy, zz, xy, xz, yz = (matrix[..., index] for index in range(6))
    determinant = xx * (yy * zz - yz * yz) - xy * (xy * zz - yz * xz) + xz * (xy * yz - yy * xz)
    return xx + yy + zz, np.sqrt(_dot(matrix, _TWICE * matrix)), np.cbrt(np.maximum(determinant, 0.0))


def _dot(one: FloatArray, other: FloatArray) -> FloatArray:
    found: FloatArray = np.einsum("...i,...i->...", one, other)
    return found
