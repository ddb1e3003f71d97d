"""What starting from a source will gain a target, told before anything is trained: fitted on gains that came true.

A ridge regression on what is known of a pair of target and source beforehand. The gain is the area under the curve of
average precision over the steps of a short training, less that of the same training from random weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from srclib_ros.library.entry import POOLED
from srclib_ros.types import Matrix

KNOWN = ("distance", "apart", "log_loss", "found", "logme", "same_category", "log_size", "pooled")
"""Of a pair: how far apart the library sees them; their registered surfaces, in diameters; the loss of the source's
network on a few scenes of the target, untrained, and the share of parts that it finds there; LogME of its features;
whether they are of one category; how their sizes differ; whether it is no source's, but the network of all of them,
which is as near, and of the same category and size, as the nearest source."""
RIDGE = 3.0


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
    def fit(cls, pairs: Sequence[Mapping[str, Any]], gains: Sequence[float]) -> GainModel:
        """Of pairs and the gains that came true, at least two."""
        known, y = np.array([known_of(pair) for pair in pairs]), np.asarray(gains, np.float64)
        centre, spread = known.mean(axis=0), known.std(axis=0)
        spread = np.where(spread > 1e-9, spread, 1.0)
        x = (known - centre) / spread
        weights = np.linalg.solve(x.T @ x + RIDGE * np.eye(len(KNOWN)), x.T @ (y - y.mean()))
        return cls(centre, spread, weights, float(y.mean()))

    def expected(self, pair: Mapping[str, Any]) -> float:
        """The gain that this pair promises."""
        return self.offset + float((known_of(pair) - self.centre) / self.spread @ self.weights)
