"""What the patches of a cloud look like, whichever of them are in sight: what a neighbour hides takes some away, and
changes the others only as far as the cloud looks smaller and its points lie closer for it.

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
MOMENTS = 12  # of each radius, see `_moments`
LENGTH = MOMENTS * len(RADII)
FLAT = np.float32(1e-4)
"""Determinant, as a share of the trace's cube, below which there is nothing but rounding; a camera's noise is above."""
NEGLIGIBLE = np.float32(-40.0)
"""Logarithm of the least share of a word: numbers that small are slow to reckon with."""
_TWICE = np.array((1, 1, 1, 2, 2, 2), np.float32).reshape(6, 1, 1, 1)  # how often each of xx, yy, ... is in a matrix


@dataclass(frozen=True)
class PatchShape:
    """points: of each cloud. seeds: those of them in the middle of a patch. principal: components of a patch.
    words: of the mixture. dim: of the embedding. weight: its share in the cosine."""

    points: int = 512
    seeds: int = 64
    principal: int = 24
    words: int = 48
    dim: int = 64
    weight: float = 0.2

    @property
    def fisher(self) -> int:
        """Length of a Fisher vector."""
        return 2 * self.words * self.principal


@dataclass(frozen=True, eq=False)
class PatchWords:
    """A mixture of Gaussians with diagonal covariances, of patches along their whitened principal components.

    mean: (LENGTH,) of patches. principal: (LENGTH, C), whitening. shares: (K,), adding up to 1. means, deviations:
    (K, C).
    """

    mean: FloatArray
    principal: FloatArray
    shares: FloatArray
    means: FloatArray
    deviations: FloatArray

    def fisher(self, patches: FloatArray) -> FloatArray:
        """(B, 2 K C) unit rows, roots taken, of the patches (B, M, LENGTH) of clouds; 0 for a cloud without any."""
        batch, count, _ = patches.shape
        rows: FloatArray = np.matmul(patches.reshape(batch * count, -1) - self.mean, self.principal)
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
        """(R, K) posterior probability of each word, of rows (R, C)."""
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
    discriminants: Discriminants

    def describe(self, surfels: FloatArray, size_m: FloatArray) -> FloatArray:
        """(B, dim) rows of squared length `weight`, of what `patch_moments` takes; 0 for a cloud none of whose normals
        is known."""
        patches = patch_moments(surfels, size_m, self.shape.seeds)
        return np.float32(np.sqrt(self.shape.weight)) * self.discriminants.describe(self.words.fisher(patches))


def patch_moments(surfels: FloatArray, size_m: FloatArray, seeds: int) -> FloatArray:
    """(B, seeds, LENGTH) of patches, nothing but 0 where no normal is known.

    surfels: (B, N, 6) points in metres and unit normals, see `surfels.surfels`. size_m: (B,), root mean square radius
    of each cloud. Patches lie around every N / seeds-th point.
    """
    batch, count, _ = surfels.shape
    rows: FloatArray = np.array(np.moveaxis(surfels, 2, 0), np.float32, order="C")
    points, normals = rows[:3], rows[3:]
    points -= points.mean(axis=2, keepdims=True)
    points /= size_m.astype(np.float32)[:, None]
    terms = _terms(points, normals)
    chosen = ((np.arange(seeds) + 0.5) * (count / seeds)).astype(np.int64)
    one = np.ones((1, batch, count), np.float32)
    square = _dot(points, points)[None]
    # the product of these two is the squared distance
    of_point = np.concatenate([points, square, one])
    of_seed = np.concatenate([-2 * points[..., chosen], one[..., chosen], square[..., chosen]])
    sums = np.empty((batch, len(RADII), len(terms), seeds), np.float32)
    nothing = np.zeros((count, seeds), np.float32)
    for cloud, into in enumerate(sums):
        _add_up(np.matmul(of_point[:, cloud].T, of_seed[:, cloud]), terms[:, cloud], nothing, into)
    seed, normal = (of[:, :, None, chosen] for of in (points, normals))
    moments = _moments(np.ascontiguousarray(np.moveaxis(sums, 2, 0)), count, seed, normal)
    moments[:, ~normals.any(axis=(0, 2))] = 0.0
    return np.ascontiguousarray(np.transpose(moments, (1, 3, 2, 0))).reshape(batch, seeds, LENGTH)


def _terms(points: FloatArray, normals: FloatArray) -> FloatArray:
    """(20, B, N) whose sums the moments are made of: 1, p, p p', n n', (n . p) n, (n . p)^2 of (3, B, N) each."""
    terms = np.empty((20, *points.shape[1:]), np.float32)
    terms[0] = 1.0
    terms[1:4] = points
    _outer(points, terms[4:10])
    _outer(normals, terms[10:16])
    along = _dot(points, normals)
    np.multiply(along, normals, out=terms[16:19])
    np.multiply(along, along, out=terms[19])
    return terms


def _add_up(apart: FloatArray, terms: FloatArray, nothing: FloatArray, sums: FloatArray) -> None:
    """Into sums (R, T, M): terms (T, N) of the points around each seed, by their squared distances (N, M), the nearer
    the more: as far as each radius by Tukey's biweight. One cloud at a time stays in the cache. nothing: (N, M) zeros,
    of which numpy takes the maximum thrice as fast as with a single one."""
    weight = np.empty_like(apart)
    for radius, of_radius in zip(RADII, sums, strict=True):
        np.subtract(np.float32(radius**2), apart, out=weight)
        np.maximum(weight, nothing, out=weight)
        np.multiply(weight, weight, out=weight)
        np.matmul(terms, weight, out=of_radius)


def _moments(sums: FloatArray, count: int, seed: FloatArray, normal: FloatArray) -> FloatArray:
    """(MOMENTS, B, R, M) of sums (T, B, R, M). seed, normal: (3, B, 1, M).

    In their order: how much there is of the `count` points; of the points' covariance the roots of three invariants; of
    the normals' scatter two; how far the middle lies from the seed, and how far along its normal; normals along the
    seed's; spread along it; spread along the normals; and along the lines from the seed.
    """
    radius = np.array(RADII, np.float32)[:, None]
    much = sums[0]
    mean: FloatArray = sums / much
    middle, facing = mean[1:4], mean[10:16]
    spread = (mean[4:10] - _outer(middle)) / radius**2
    away = (middle - seed) / radius
    upright, both = _TWICE * _outer(normal), _TWICE * spread
    # the mean of (n . (p - seed))^2 over points p and normals n
    lines = mean[19] - 2 * _dot(mean[16:19], seed) + _dot(facing, _TWICE * _outer(seed))
    found = np.empty((MOMENTS, *much.shape), np.float32)
    found[0] = np.log(much / (count * radius**4) + np.float32(1e-3))
    found[1:4] = _invariants(spread)
    found[4:6] = _invariants(facing)[1:]  # their trace is 1
    found[6] = _dot(away, away)
    found[7] = np.abs(_dot(away, normal))
    found[8] = _dot(facing, upright)
    found[9] = _dot(spread, upright)
    found[10] = _dot(facing, both)
    found[11] = lines
    for roots in (found[1:4], found[6], found[9], found[11]):
        np.sqrt(np.maximum(roots, 0.0, out=roots), out=roots)
    found[11] /= radius
    return found


def _outer(vectors: FloatArray, out: FloatArray | None = None) -> FloatArray:
    """(6, ...) xx, yy, zz, xy, xz, yz of (3, ...)."""
    found = np.empty((6, *vectors.shape[1:]), np.float32) if out is None else out
    np.multiply(vectors, vectors, out=found[:3])
    np.multiply(vectors[0], vectors[1:], out=found[3:5])
    np.multiply(vectors[1], vectors[2], out=found[5])
    return found


def _invariants(matrix: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Of symmetric matrices (6, ...): trace, Frobenius norm, cube root of the determinant, 0 where that is rounding."""
    xx, yy, zz, xy, xz, yz = matrix
    determinant = xx * (yy * zz - yz * yz) - xy * (xy * zz - yz * xz) + xz * (xy * yz - yy * xz)
    trace = xx + yy + zz
    determinant = np.where(determinant > FLAT * trace**3, determinant, np.float32(0.0))
    return trace, np.sqrt(_dot(matrix, _TWICE * matrix)), np.cbrt(determinant)


def _dot(one: FloatArray, other: FloatArray) -> FloatArray:
    """(...) of (T, ...) each."""
    found: FloatArray = np.einsum("i...,i...->...", one, other)
    return found
