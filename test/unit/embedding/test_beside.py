"""Pairs and patches beside a network: their shares of the cosine, there and back through an encoder's folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from srclib_ros.artifact import write_tensors
from srclib_ros.embedding import point_pairs
from srclib_ros.embedding.beside import PAIRS, PATCHES, Beside, joined, read_beside, settings, tensors
from srclib_ros.embedding.discriminants import Discriminants
from srclib_ros.embedding.local_patches import LENGTH, PatchEmbedding, PatchShape, PatchWords
from srclib_ros.embedding.point_pairs import PairEmbedding, PairShape
from srclib_ros.embedding.preprocess import canonicalise
from srclib_ros.errors import ArtifactDamagedError
from srclib_ros.geometry.oriented import oriented
from srclib_ros.types import FloatArray


@pytest.fixture
def beside(rng: np.random.Generator) -> Beside:
    def drawn(*shape: int) -> FloatArray:
        return rng.standard_normal(shape).astype(np.float32)

    shape = PatchShape(points=64, seeds=8, principal=3, words=2, dim=5, weight=0.2)
    shares = np.full(2, 0.5, np.float32)
    words = PatchWords(drawn(LENGTH), drawn(LENGTH, 3), shares, drawn(2, 3), 1 + drawn(2, 3) ** 2)
    free, metric = (
        Discriminants(drawn(length), drawn(length, dim))
        for length, dim in ((point_pairs.LENGTH, 8), (point_pairs.LENGTH_M, 6))
    )
    return Beside(
        PairEmbedding(PairShape(32, 8, 8, 6, 0.25, 0.5), free, metric),
        PatchEmbedding(shape, words, Discriminants(drawn(shape.fisher), drawn(shape.fisher, 5))),
    )


@pytest.fixture
def clouds(rng: np.random.Generator) -> list[FloatArray]:
    """One that is seen whole, one less so, and one of whose normals none is known."""
    points = rng.standard_normal((300, 3))
    normals = points / np.linalg.norm(points, axis=1, keepdims=True)
    cloud = oriented((normals * [0.03, 0.02, 0.01]).astype(np.float32), normals.astype(np.float32))
    blind = cloud.copy()
    blind[:, 3:] = np.nan
    return [cloud, cloud[:150], blind]


def test_each_has_its_share_and_the_network_the_rest(beside: Beside, clouds: list[FloatArray]) -> None:
    rows, metric = beside.describe(clouds, canonicalise(clouds, 64))
    assert rows.shape == (3, beside.dim) == (3, 8 + 5)
    assert metric.shape == (3, beside.dim_m) == (3, 6)
    found = joined(np.float32([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]]), rows)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1.0, rtol=1e-5)
    squares = np.square(found)
    np.testing.assert_allclose(squares[:2, :2].sum(axis=1), 0.55, rtol=1e-5)
    np.testing.assert_allclose(squares[:2, 2:10].sum(axis=1), 0.25, rtol=1e-5)
    np.testing.assert_allclose(squares[:2, 10:].sum(axis=1), 0.2, rtol=1e-5)
    np.testing.assert_allclose(found[2], [0.6, 0.8, *np.zeros(13)], rtol=1e-6)
    assert not metric[2].any()


def test_either_may_be_missing(beside: Beside, clouds: list[FloatArray]) -> None:
    canonical = canonicalise(clouds, 64)
    both, _ = beside.describe(clouds, canonical)
    patches, nothing = Beside(patches=beside.patches).describe(clouds, canonical)
    np.testing.assert_array_equal(patches, both[:, 8:])
    assert nothing.shape == (3, 0)
    pairs, _ = Beside(pairs=beside.pairs).describe(clouds, canonical)
    np.testing.assert_array_equal(pairs, both[:, :8])


def written(folder: Path, beside: Beside) -> dict[str, Any]:
    for name, values in tensors(beside).items():
        write_tensors(folder / name, values)
    return settings(beside)


def test_there_and_back(beside: Beside, clouds: list[FloatArray], tmp_path: Path) -> None:
    again = read_beside(tmp_path, written(tmp_path, beside))
    assert again is not None
    canonical = canonicalise(clouds, 64)
    for found, wanted in zip(again.describe(clouds, canonical), beside.describe(clouds, canonical), strict=True):
        np.testing.assert_array_equal(found, wanted)
    assert read_beside(tmp_path, {}) is None


def lacking(name: str, tensor: str) -> Callable[[Path, dict[str, Any], Beside], None]:
    def spoil(folder: Path, config: dict[str, Any], beside: Beside) -> None:
        found = tensors(beside)[name]
        write_tensors(folder / name, {key: value for key, value in found.items() if key != tensor})

    return spoil


def told(name: str, **changed: Any) -> Callable[[Path, dict[str, Any], Beside], None]:
    def spoil(folder: Path, config: dict[str, Any], beside: Beside) -> None:
        config[name] = {**config[name], **changed}

    return spoil


def no_spread(folder: Path, config: dict[str, Any], beside: Beside) -> None:
    assert beside.patches is not None
    words = replace(beside.patches.words, deviations=np.zeros((2, 3), np.float32))
    write_tensors(folder / PATCHES, tensors(Beside(patches=replace(beside.patches, words=words)))[PATCHES])


@pytest.mark.parametrize(
    "spoil",
    [
        lacking(PAIRS, "metric_axes"),
        lacking(PATCHES, "shares"),
        told("point_pairs", dim=9),
        told("point_pairs", points=1 << 20),
        told("point_pairs", weight=0.9),
        told("local_patches", words=3),
        told("local_patches", seeds="many"),
        told("local_patches", seeds=float("inf")),
        told("local_patches", seeds=0),
        told("local_patches", weight=float("nan")),
        no_spread,
    ],
)
def test_what_does_not_fit_is_named(
    spoil: Callable[[Path, dict[str, Any], Beside], None], beside: Beside, tmp_path: Path
) -> None:
    config = written(tmp_path, beside)
    spoil(tmp_path, config, beside)
    with pytest.raises(ArtifactDamagedError, match="train it again"):
        read_beside(tmp_path, config)
