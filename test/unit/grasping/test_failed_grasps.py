"""Failures outlive the plans after them, and go with the part."""

from __future__ import annotations

import numpy as np
import pytest

from srclib_ros.grasping.failed_grasps import MISSES, REMEMBERED, FailedGrasps
from srclib_ros.types import Bin, Cloud, Grasp, Scene, Segment

RADIUS_M = 0.01
LIES = (0.05, 0.0, 0.02)
ELSEWHERE = (-0.05, 0.0, 0.02)


def scene(part: tuple[float, float, float] | None, seen: tuple[float, float, float] | None = None) -> Scene:
    """A part around a place, and a patch of points around another."""
    patch = np.float32([(i, j, 0) for i in (-1, 1) for j in (-1, 1)]) * np.float32(0.002)
    nothing = np.zeros((0, 3), np.float32)
    points = np.concatenate([nothing if at is None else patch + np.float32(at) for at in (part, seen)])
    segments = () if part is None else (Segment(1, np.arange(4), points[:4], np.zeros_like(points[:4])),)
    inside = np.ones(len(points), np.bool_)
    return Scene(
        Cloud(points), Bin(np.eye(4), (0.3, 0.2, 0.1)), points, points, inside.astype(np.int32), inside, segments
    )


def grasp(grasp_id: str) -> Grasp:
    T = np.eye(4)
    T[:3, 3] = LIES
    return Grasp(T, T, 0.02, 0.9, "jaw", 1, None, grasp_id=grasp_id)


@pytest.fixture
def failed() -> FailedGrasps:
    memory = FailedGrasps()
    memory.watch([grasp("first")], scene(LIES))
    for number in range(20):
        memory.watch([grasp(f"later {number}")], scene(LIES))
    assert memory.add("first"), "a robot reports after many scenes"
    return memory


def test_the_place_is_stayed_away_from_while_the_part_lies_there(failed: FailedGrasps) -> None:
    for _ in range(5):
        np.testing.assert_allclose(failed.positions(scene(LIES), RADIUS_M), [LIES])


def test_an_id_never_offered_is_unknown_and_twice_is_once(failed: FailedGrasps) -> None:
    assert not failed.add("unknown")
    assert failed.add("first")
    assert len(failed.positions(scene(LIES), RADIUS_M)) == 1


def test_a_part_that_is_hidden_for_a_while_is_not_gone(failed: FailedGrasps) -> None:
    for _ in range(10):
        assert failed.positions(scene(ELSEWHERE), RADIUS_M)
    assert failed.positions(scene(LIES), RADIUS_M)


def test_seeing_the_floor_there_forgets_at_once(failed: FailedGrasps) -> None:
    assert failed.positions(scene(ELSEWHERE, (*LIES[:2], 0.0)), RADIUS_M) == []
    assert failed.positions(scene(LIES), RADIUS_M) == []


def test_something_else_there_forgets_after_some_scenes(failed: FailedGrasps) -> None:
    other = scene(ELSEWHERE, LIES)
    assert [bool(failed.positions(other, RADIUS_M)) for _ in range(MISSES)] == [True] * (MISSES - 1) + [False]


def test_memory_is_bounded() -> None:
    memory = FailedGrasps()
    memory.watch([grasp(str(number)) for number in range(REMEMBERED + 3)], scene(LIES))
    assert [memory.add(str(number)) for number in (0, 2, 3)] == [False, False, True]
