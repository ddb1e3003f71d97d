"""What starting from a source will gain a target, told before anything is trained: fitted on gains that came true.

A ridge regression on what is known of a pair of target and source beforehand, with a random effect of the target: what
is hard from scratch gains from any source, and says little of which source is the better.
The gain is the area under the curve of average precision over the steps of a short training, less that of the same
training from random weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from srclib_ros.library.entry import POOLED
from srclib_ros.types import IntArray, Matrix

KNOWN = ("distance", "apart", "log_loss", "found", "logme", "same_category", "log_size", "pooled")
"""Of a pair: how far apart the library sees them; their registered surfaces, in diameters; the loss of the source's
network on a few scenes of the target, untrained, and the share of parts that it finds there; LogME of its features;
whether they are of one category; how their sizes differ; whether it is no source's, but the network of all of them,
which is as near, and of the same category and size, as the nearest source."""
RIDGE = 3.0
BETWEEN = 4.0
"""How much more gains vary from target to target than between the sources of one, as variances."""


def known_of(pair: Mapping[str, Any]) -> Matrix:
    """(len(KNOWN),) of a pair with `source`, `distance`, `apart`, `loss`, `found`, `logme`, `same_category`,
    `size_ratio`."""
    derived = {"log_loss": np.log(pair["loss"]), "log_size": abs(np.log(pair["size_ratio"]))}
    derived["pooled"] = pair["source"] == POOLED
    return np.array([float({**pair, **derived}[name]) for name in KNOWN])


@dataclass(frozen=True, eq=False)
class GainModel:
    """centre, spread: (F,) of what is known. weights: (F,). offset: the mean gain."""

    centre: Matrix
    spread: Matrix
    weights: Matrix
    offset: float

    @classmethod
    def fit(cls, records: Sequence[Mapping[str, Any]]) -> GainModel:
        """Of pairs, each with its `target` and the `gain` that came true, at least two."""
        known: Matrix = np.array([known_of(record) for record in records])
        gain = np.array([float(record["gain"]) for record in records])
        targets = np.unique([str(record["target"]) for record in records], return_inverse=True)[1].astype(np.int32)
        x, y = _less_targets(known, targets), _less_targets(gain[:, None], targets)[:, 0]
        spread = np.where(x.std(axis=0) > 1e-9, x.std(axis=0), 1.0)
        x = x / spread
        weights = np.linalg.solve(x.T @ x + RIDGE * np.eye(len(KNOWN)), x.T @ y)
        return cls(known.mean(axis=0), spread, weights.astype(np.float64), float(gain.mean()))

    def expected(self, pair: Mapping[str, Any]) -> float:
        """The gain that this pair promises."""
        return self.offset + float((known_of(pair) - self.centre) / self.spread @ self.weights)


def _less_targets(values: Matrix, target: IntArray) -> Matrix:
    """(N, F) values less most of the mean of those of the same target, the more of it the more there are (the
    quasi-demeaned data of a random-effects regression)."""
    centred, count = values - values.mean(axis=0), np.bincount(target)
    sums = np.zeros((len(count), values.shape[1]))
    np.add.at(sums, target, centred)
    share = 1.0 - 1.0 / np.sqrt(1.0 + BETWEEN * count)
    less: Matrix = centred - (sums * (share / count)[:, None])[target]
    return less
