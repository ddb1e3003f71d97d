"""The scale of a stand-in, found by what its poses explain."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from srclib_ros.config import GraspConfig
from srclib_ros.grasping.fitted_scale import EXPLAINED, STEP, STEPS, fitted_scale
from srclib_ros.grasping.model import GraspModel
from srclib_ros.types import Scene, Segment

SEGMENTS = [cast(Segment, SimpleNamespace(label=label)) for label in (1, 2)]


class Part:
    """Agrees with what is seen up to its true scale; one that is smaller explains its share of it."""

    object = SimpleNamespace(diameter_m=0.1)

    def __init__(self, true: float, found: tuple[int, ...] = (1, 2)) -> None:
        self.true, self.found = true, found
        self.within: set[float] = set()

    def detect(self, scene: Scene, segments: Any, scale: float, config: GraspConfig) -> list[Any]:
        score = 0.9 if scale <= 1.03 * self.true else 0.2
        return [SimpleNamespace(segment=label, score=score, T_bin_object=np.eye(4)) for label in self.found]

    def explained(self, segment: Segment, T_bin_object: Any, scale: float, within_m: float) -> float:
        self.within.add(within_m)
        return min(scale / self.true, 1.0)


def fitted(part: Any, guess: float) -> float | None:
    return fitted_scale(cast(GraspModel, part), cast(Scene, None), SEGMENTS, guess, GraspConfig())


@pytest.mark.parametrize("true", [0.7, 0.95, 1.0, 1.3, 1.5])
def test_the_largest_that_does_not_stand_out_is_found_from_either_side(true: float) -> None:
    assert fitted(Part(true), 1.0) == pytest.approx(true, rel=0.07)


def test_many_small_poses_in_a_segment_are_not_worth_more_than_one_that_explains_it() -> None:
    class InPieces(Part):
        def detect(self, scene: Scene, segments: Any, scale: float, config: GraspConfig) -> list[Any]:
            return super().detect(scene, segments, scale, config) * (3 if scale < 0.7 else 1)

    assert fitted(InPieces(1.0), 1.0) == pytest.approx(1.0, rel=0.07)


def test_points_are_held_against_the_same_distance_at_every_scale() -> None:
    part = Part(1.2)
    fitted(part, 0.8)
    assert part.within == {EXPLAINED * 0.8 * 0.1}


def test_a_part_that_is_known_keeps_its_size_where_another_fits_hardly_better() -> None:
    assert fitted(Part(1.06), 1.0) == 1.0


def test_nothing_found_is_no_scale_and_none_is_beyond_those_tried() -> None:
    assert fitted(Part(1.0, found=()), 0.9) is None
    assert fitted(Part(1.0, found=(0,)), 0.9) is None
    largest = fitted(Part(9.0), 1.0)
    assert largest is not None and largest <= STEP ** (STEPS + 0.5)
