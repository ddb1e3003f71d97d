"""How deep parts lie, against blocks whose neighbours are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.height_field_scenes import block, grid, scene_of, turned

from srclib_ros.grasping.burial import burial
from srclib_ros.types import Scene


def blocks(*boxes: tuple[tuple[float, float], tuple[float, float, float]]) -> Scene:
    """A scene of blocks, each by its centre and its size."""
    x, y = grid()
    return scene_of(x, y, [block(*turned(x, y, at, 0.0), size) for at, size in boxes])


def test_nothing_is_higher_around_a_part_that_stands_alone() -> None:
    assert burial(blocks(((0.0, 0.0), (0.06, 0.03, 0.025))))[1] == 0


def test_a_higher_neighbour_on_one_long_side_is_a_third_of_the_border() -> None:
    """60 x 30 mm: the long side is 60 of 180 mm; the higher one has nothing above it."""
    deep = burial(blocks(((0.0, 0.0), (0.06, 0.03, 0.02)), ((0.0, 0.03), (0.06, 0.03, 0.04))))
    assert deep[1] == pytest.approx(1 / 3, abs=0.06)
    assert deep[2] == 0


def test_a_part_between_walls_of_others_is_deep_on_both_sides() -> None:
    low, left, right = (
        ((0.0, 0.0), (0.06, 0.03, 0.02)),
        ((0.0, 0.03), (0.06, 0.03, 0.04)),
        ((0.0, -0.03), (0.06, 0.03, 0.04)),
    )
    assert burial(blocks(low, left, right))[1] == pytest.approx(2 / 3, abs=0.06)


def test_no_points_and_a_part_out_of_sight_are_no_error() -> None:
    scene = blocks(((0.0, 0.0), (0.06, 0.03, 0.025)))
    assert burial(replace(scene, inside=np.zeros_like(scene.inside))).tolist() == [0, 0]
    assert burial(replace(scene, labels=np.zeros_like(scene.labels))).tolist() == [0, 0]
