"""What is read off curves of average precision over steps."""

from __future__ import annotations

import numpy as np

from srclib_ros.training.true_gain import Curve, from_nothing

SHARE = 0.95
"""Of scratch's final precision: what counts as having learnt the part."""


def at(curve: Curve, share: float) -> float:
    """The precision at the first look at or after this share of the budget."""
    steps, precision = from_nothing(curve)
    return float(precision[np.searchsorted(steps, share * steps[-1] - 1e-9)])


def final(curve: Curve) -> float:
    """The median of the last three looks."""
    return float(np.median(from_nothing(curve)[1][-3:]))


def reached(curve: Curve, precision: float) -> float | None:
    """The middle step of the first three looks in a row whose median is at least this; None where there are none."""
    steps, found = from_nothing(curve)
    medians = np.array([np.median(found[row : row + 3]) for row in range(max(1, len(found) - 2))])
    row = int(np.argmax(medians >= precision))
    return float(steps[min(row + 1, len(steps) - 1)]) if medians[row] >= precision else None


def step_ratio(curve: Curve, scratch: Curve) -> float:
    """How many times the steps of `scratch` to 95 % of its final precision are those of `curve`: one interval between
    looks at least, 0 where it never gets there."""
    wanted = SHARE * final(scratch)
    own, others = reached(curve, wanted), reached(scratch, wanted)
    if own is None or others is None:
        return 0.0
    interval = float(curve[1][0] - curve[0][0])
    return others / max(own, interval)
