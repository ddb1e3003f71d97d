"""How large parts are beside the one whose network stands in for theirs: the scale at which its poses explain most."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from srclib_ros.config import GraspConfig
from srclib_ros.grasping.model import GraspModel
from srclib_ros.types import ObjectPose, Scene, Segment

STEP = 1.12
"""Between the scales tried: those next to the guess, then on as long as the outermost is best, then by half a step."""
STEPS = 4  # to either side at most
DOUBT = 0.6
"""Spread, of the logarithm of the scale, that a guess is trusted to."""
KEPT = 1.07
"""So many times better another scale has to be than the guess: parts that the library knows keep their size."""
PLAIN = 0.5  # worth of a segment, on average, below which all scales are tried
EXPLAINED = 0.03  # diameters, of the part as it was guessed, that a point is off a posed surface


def fitted_scale(
    model: GraspModel, scene: Scene, segments: Sequence[Segment], guess: float, config: GraspConfig
) -> float | None:
    """The scale of the model's part; None where nothing is found at any.

    Each segment counts by its best pose: by how far that agrees with what was seen, and the share of the segment's
    points that it explains. Too small a part leaves points unexplained, too large a one stands out of them.
    """
    within_m = EXPLAINED * guess * model.object.diameter_m
    tried: dict[float, float] = {}

    def best_of(exponents: Iterable[float]) -> float:
        """Of these and all tried before."""
        for exponent in exponents:
            scale = guess * STEP**exponent
            poses = model.detect(scene, segments, scale, config)
            trust = KEPT if exponent == 0.0 else np.exp(-0.5 * (exponent * np.log(STEP) / DOUBT) ** 2)
            tried[exponent] = float(trust) * _worth(model, poses, segments, scale, within_m)
        return max(tried, key=lambda exponent: (tried[exponent], -abs(exponent)))

    best = best_of([0.0, -1.0, 1.0])
    if tried[best] < PLAIN * len(segments):
        best = best_of(sign * exponent for exponent in np.arange(2.0, STEPS + 1.0) for sign in (-1.0, 1.0))
    while best and abs(best) < STEPS and best + np.sign(best) not in tried:
        best = best_of([best + float(np.sign(best))])
    if best:
        best = best_of([best - 0.5, best + 0.5])
    return float(guess * STEP**best) if tried[best] > 0.0 else None


def _worth(
    model: GraspModel, poses: Sequence[ObjectPose], segments: Sequence[Segment], scale: float, within_m: float
) -> float:
    best: dict[int, float] = {}
    by_label = {part.label: part for part in segments}
    for pose in poses:
        if pose.segment in by_label:
            worth = pose.score * model.explained(by_label[pose.segment], pose.T_bin_object, scale, within_m)
            best[pose.segment] = max(worth, best.get(pose.segment, 0.0))
    return sum(best.values())
