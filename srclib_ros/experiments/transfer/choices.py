"""Which source each way of choosing would start a target from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from srclib_ros.library.expected_gain import GainModel

EXPECTED, NEAREST, SIZE, FARTHEST, RANDOM = "expected gain", "nearest", "nearest in size", "farthest", "random"
Pairs = Sequence[Mapping[str, Any]]  # of one target, one of each source
Gains = Mapping[str, Mapping[str, float]]  # target -> source -> gain


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


def expected_gains(pairs: Mapping[str, Pairs], gains: Gains, target: str) -> dict[str, float]:
    """Source -> the gain that it promises the target, by a model fitted on the other targets alone."""
    known = [(pair, gains[name][pair["source"]]) for name in gains if name != target for pair in pairs[name]]
    model = GainModel.fit(*zip(*known, strict=True))
    return {pair["source"]: model.expected(pair) for pair in pairs[target]}
