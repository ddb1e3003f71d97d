"""What stands beside the network in an embedding: point pairs and local patches, each at its share of the cosine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from srclib_ros.artifact import read_tensors, resolve_inside
from srclib_ros.embedding.discriminants import Discriminants
from srclib_ros.embedding.local_patches import LENGTH as PATCH_LENGTH
from srclib_ros.embedding.local_patches import PatchEmbedding, PatchShape, PatchWords
from srclib_ros.embedding.point_pairs import LENGTH, LENGTH_M, PairEmbedding, PairShape
from srclib_ros.embedding.preprocess import CanonicalClouds
from srclib_ros.embedding.surfels import surfels
from srclib_ros.errors import ArtifactDamagedError
from srclib_ros.types import FloatArray

PAIR_SETTINGS, PAIRS = "point_pairs", "pairs.safetensors"
PATCH_SETTINGS, PATCHES = "local_patches", "patches.safetensors"
MOST_POINTS, MOST_WORDS = 1024, 256
Shape = TypeVar("Shape", PairShape, PatchShape)


@dataclass(frozen=True, eq=False)
class Beside:
    """Either may be missing; their shares of the cosine add up to less than 1."""

    pairs: PairEmbedding | None = None
    patches: PatchEmbedding | None = None

    @property
    def dims(self) -> tuple[int, ...]:
        """Of those that there are, as they stand in an embedding."""
        return tuple(part.shape.dim for part in (self.pairs, self.patches) if part is not None)

    @property
    def dim(self) -> int:
        return sum(self.dims)

    @property
    def dim_m(self) -> int:
        return self.pairs.shape.dim_m if self.pairs else 0

    def describe(self, clouds: Sequence[FloatArray], canonical: CanonicalClouds) -> tuple[FloatArray, FloatArray]:
        """Of clouds, bare or oriented, and what they are canonically: (B, dim) free of scale and (B, dim_m) in metres,
        see `PairEmbedding` and `PatchEmbedding`."""
        counts = {part.shape.points for part in (self.pairs, self.patches) if part is not None}
        seen = {count: surfels(clouds, canonical, count) for count in counts}
        of_pairs = of_patches = metric = np.zeros((len(clouds), 0), np.float32)
        if self.pairs is not None:
            of_pairs, metric = self.pairs.describe(seen[self.pairs.shape.points], canonical.size_m)
        if self.patches is not None:
            of_patches = self.patches.describe(seen[self.patches.shape.points], canonical.size_m)
        return np.concatenate([of_pairs, of_patches], axis=1), metric


def joined(network: FloatArray, beside: FloatArray) -> FloatArray:
    """(B, D + dim) unit rows of a network's unit rows (B, D) and shorter ones (B, dim): what those leave of the cosine
    is the network's."""
    left = np.sqrt(np.maximum(1.0 - np.einsum("bd,bd->b", beside, beside), 0.0))[:, None]
    return np.concatenate([left * network, beside], axis=1)


def settings(beside: Beside) -> dict[str, Any]:
    """Of both, as `read_beside` finds them in an encoder's config."""
    found: dict[str, Any] = {}
    if beside.pairs is not None:
        found[PAIR_SETTINGS] = asdict(beside.pairs.shape)
    if beside.patches is not None:
        found[PATCH_SETTINGS] = asdict(beside.patches.shape)
    return found


def tensors(beside: Beside) -> dict[str, dict[str, FloatArray]]:
    """Of both, as `read_beside` finds them: name of the file -> name -> tensor."""
    found = {}
    if beside.pairs is not None:
        axes = {"free": beside.pairs.free, "metric": beside.pairs.metric}
        found[PAIRS] = {f"{kind}_{name}": value for kind, of in axes.items() for name, value in vars(of).items()}
    if beside.patches is not None:
        told_apart = {f"discriminants_{name}": value for name, value in vars(beside.patches.discriminants).items()}
        found[PATCHES] = {**vars(beside.patches.words), **told_apart}
    return found


def read_beside(folder: Path, config: Mapping[str, Any]) -> Beside | None:
    """What an encoder's sealed folder says of both; None where it has neither. Raises ArtifactDamagedError."""
    pairs = _read_pairs(folder, config[PAIR_SETTINGS]) if PAIR_SETTINGS in config else None
    patches = _read_patches(folder, config[PATCH_SETTINGS]) if PATCH_SETTINGS in config else None
    if pairs is None and patches is None:
        return None
    if sum(part.shape.weight for part in (pairs, patches) if part is not None) >= 1.0:
        raise ArtifactDamagedError(f"{folder}: the weights of pairs and patches add up to 1 or more; train it again")
    return Beside(pairs, patches)


def within_bounds(shape: PairShape | PatchShape) -> bool:
    """Whether it can be reckoned with."""
    if not (2 <= shape.points <= MOST_POINTS and 0.0 <= shape.weight < 1.0):
        return False
    if isinstance(shape, PairShape):
        fit = shape.partners <= shape.points and 0.0 <= shape.weight_m <= 1.0
        return fit and min(shape.partners, shape.dim, shape.dim_m) >= 1
    fit = shape.seeds <= shape.points and shape.words <= MOST_WORDS and shape.principal <= PATCH_LENGTH
    return fit and min(shape.seeds, shape.words, shape.principal, shape.dim) >= 1 and shape.dim < shape.fisher


def _read_pairs(folder: Path, told: Mapping[str, Any]) -> PairEmbedding:
    try:
        shape = _shape(PairShape(), told)
        found = read_tensors(resolve_inside(folder, PAIRS))
        free, metric = (_discriminants(found, kind) for kind in ("free", "metric"))
    except (TypeError, KeyError, ValueError, OverflowError) as error:
        raise _damaged(folder, f"its point pairs do not fit ({error!r})") from error
    if not (within_bounds(shape) and free.fits(LENGTH, shape.dim) and metric.fits(LENGTH_M, shape.dim_m)):
        raise _damaged(folder, "its point pairs do not fit")
    return PairEmbedding(shape, free, metric)


def _read_patches(folder: Path, told: Mapping[str, Any]) -> PatchEmbedding:
    try:
        shape = _shape(PatchShape(), told)
        found = read_tensors(resolve_inside(folder, PATCHES))
        words = PatchWords(**{item.name: found[item.name].astype(np.float32) for item in fields(PatchWords)})
        discriminants = _discriminants(found, "discriminants")
    except (TypeError, KeyError, ValueError, OverflowError) as error:
        raise _damaged(folder, f"its local patches do not fit ({error!r})") from error
    if not (within_bounds(shape) and discriminants.fits(shape.fisher, shape.dim) and _fit(words, shape)):
        raise _damaged(folder, "its local patches do not fit")
    return PatchEmbedding(shape, words, discriminants)


def _fit(words: PatchWords, shape: PatchShape) -> bool:
    """Whether they are a mixture of this shape."""
    of_word = shape.words, shape.principal
    shapes = (PATCH_LENGTH,), (PATCH_LENGTH, shape.principal), (shape.words,), of_word, of_word
    if any(value.shape != wanted for value, wanted in zip(vars(words).values(), shapes, strict=True)):
        return False
    finite = all(bool(np.isfinite(value).all()) for value in vars(words).values())
    return finite and bool((words.shares > 0.0).all() and (words.deviations > 0.0).all())


def _discriminants(found: Mapping[str, FloatArray], kind: str) -> Discriminants:
    return Discriminants(found[f"{kind}_mean"].astype(np.float32), found[f"{kind}_axes"].astype(np.float32))


def _shape(usual: Shape, told: Mapping[str, Any]) -> Shape:
    """The shape that is told, each number of the type that it usually is."""
    return type(usual)(**{item.name: type(getattr(usual, item.name))(told[item.name]) for item in fields(usual)})


def _damaged(folder: Path, why: str) -> ArtifactDamagedError:
    return ArtifactDamagedError(
        f"{folder}: {why}, as an older version's do not: train it again, or build the library with the encoder that "
        "ships"
    )
