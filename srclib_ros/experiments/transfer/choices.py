"""Which source each way of choosing would start a target from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from srclib_ros.library.expected_gain import GainModel
from srclib_ros.library.history import Record

EXPECTED, OR_POOLED = "expected gain", "expected gain, or pooled"
NEAREST, SIZE, FARTHEST, RANDOM = "nearest", "nearest in size", "farthest", "random"
Pairs = Sequence[Mapping[str, Any]]  # of one target, one of each source


def by_distance(pairs: Pairs) -> dict[str, str]:
    """Way of choosing -> source, of the ways that need no gains: the nearest as the library sees it, the nearest in
    size alone, the farthest as the library sees it."""
    return {
        NEAREST: min(pairs, key=lambda pair: pair["distance"])["source"],
        SIZE: min(pairs, key=lambda pair: abs(np.log(pair["size_ratio"])))["source"],
        FARTHEST: max(pairs, key=lambda pair: pair["distance"])["source"],
    }


def at_random(pairs: Pairs, seed: int, target: int) -> str:
    """One source drawn evenly; of each target and seed another."""
    return str(pairs[int(np.random.default_rng((seed, target)).integers(len(pairs)))]["source"])


def expected_gains(history: Sequence[Record], target: str, pairs: Pairs) -> dict[str, float]:
    """Source -> the gain that it promises the target, of these pairs, by a model fitted on the other targets alone."""
    model = GainModel.fit([record for record in history if record["target"] != target])
    return {pair["source"]: model.expected(pair) for pair in pairs}
