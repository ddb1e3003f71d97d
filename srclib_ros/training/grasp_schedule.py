"""How a grasp network learns: steps, rate, how the scenes drawn from grow."""

from __future__ import annotations

import math
from dataclasses import dataclass

WARM_UP = 125
FIRST_SCENES = 6
STREAMED = 0.7
"""Share of the steps in which the scenes drawn from grow to all of them."""


@dataclass(frozen=True)
class GraspSchedule:
    """steps of the optimiser at most, each on `maps` maps of `side_px` pixels; the rate rises, then stays.

    average: the network kept is the mean of those along the way, each weighing this much less than the one after it;
    so it is at any step what a falling rate would lead to there, and trainings of different lengths compare.
    evaluate_every: steps between looks at how far it is. patience: looks in a row that bring no better loss, after
    which it stops. frozen: names of parts of the network (`stem`, `trunk.0`, ...) that stay as they are.
    """

    steps: int = 5000
    maps: int = 10
    side_px: int = 72
    learning_rate: float = 2.5e-3
    weight_decay: float = 1e-3
    average: float = 0.998
    evaluate_every: int = 250
    patience: int = 8
    frozen: tuple[str, ...] = ()

    def rate_at(self, step: int) -> float:
        return self.learning_rate * min((step + 1) / WARM_UP, 1.0)

    def scenes_at(self, step: int, scenes: int) -> int:
        """How many of the scenes a step draws from."""
        return min(scenes, max(FIRST_SCENES, math.ceil(scenes * step / (STREAMED * self.steps))))
