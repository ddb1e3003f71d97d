"""How good the grasps of several scenes are, of which each was tried."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from srclib_ros.simulation.pile_trial import PickFailure, PickOutcome

Tried = Sequence[Sequence[PickOutcome]]  # of each scene the outcomes, in the order of its grasps


def success(tried: Tried) -> float | None:
    """The share that succeed of all grasps tried of which physics said something; None when there is none."""
    said = [outcome.success for outcomes in tried for outcome in outcomes if outcome.success is not None]
    return float(np.mean(said)) if said else None


def held(tried: Tried) -> float | None:
    """As `success`, but turned and slid parts count as held; None when there is none."""
    said = [outcome.held for outcomes in tried for outcome in outcomes if outcome.held is not None]
    return float(np.mean(said)) if said else None


def success_interval(tried: Tried, seed: int, draws: int = 2000) -> tuple[float, float] | None:
    """95 % of the successes when scenes, each with all its grasps, are drawn anew; None of fewer than two scenes that
    have one."""
    said = [[outcome.success for outcome in outcomes if outcome.success is not None] for outcomes in tried]
    counts = np.array([(sum(shares), len(shares)) for shares in said if shares], np.float64).reshape(-1, 2)
    if len(counts) < 2:
        return None
    drawn = np.random.default_rng(seed).integers(len(counts), size=(draws, len(counts)))
    held, of = counts[drawn].sum(axis=1).T
    low, high = np.quantile(held / of, (0.025, 0.975))
    return float(low), float(high)


def precision_at(tried: Tried, first: int) -> float | None:
    """Of the `first` grasps of each scene the share that succeeds, averaged over scenes.

    A scene with fewer grasps is judged by those it has, one with none counts 0; one of whose first grasps physics said
    nothing is left out. None when no scene is left.
    """
    shares = []
    for outcomes in tried:
        said = [outcome.success for outcome in outcomes[:first] if outcome.success is not None]
        if said or not outcomes:
            shares.append(float(np.mean(said)) if said else 0.0)
    return float(np.mean(shares)) if shares else None


def failures(tried: Tried) -> dict[PickFailure, int]:
    """How often each reason was met, most often first."""
    counts = Counter(outcome.failure for outcomes in tried for outcome in outcomes if outcome.failure is not None)
    return dict(counts.most_common())
