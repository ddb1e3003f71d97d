"""What a lip comes to lie on, by hand."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("open3d")

from support.suction_parts import cup_at, part_of, slab

from srclib_ros.grasping.gripper import as_cup, load_gripper
from srclib_ros.simulation.under_lip import UnderLip
from srclib_ros.types import Matrix

CUP = as_cup(load_gripper("suction"), "this test")
PLATE = part_of(slab(40, 40, 5))


def at(x_mm: float, z_mm: float) -> Matrix:
    T = np.eye(4)
    T[:3, 3] = 1e-3 * x_mm, 0.0, 1e-3 * z_mm
    return T


def test_the_part_that_is_met_first_comes_first() -> None:
    """Two plates side by side, the left one 2 mm higher; a third lies below both."""
    lip = UnderLip([PLATE] * 3, [at(-21, 2), at(21, 0), at(0, -3.5)], CUP)
    assert lip(cup_at(x_mm=-15)) == [0]
    assert lip(cup_at(x_mm=15)) == [1]
    assert lip(cup_at()) == [0, 1, 2]


def test_what_the_bellows_do_not_reach_is_not_met() -> None:
    lip, reach_mm = UnderLip([PLATE], [at(0, 0)], CUP), 1e3 * CUP.gives_way_m
    assert lip(cup_at(z_mm=reach_mm - 0.1)) == [0]
    assert lip(cup_at(z_mm=reach_mm + 0.1)) == []
    assert lip(cup_at(x_mm=50)) == []


def test_a_cup_that_leans_looks_along_its_own_axis() -> None:
    lip = UnderLip([PLATE], [at(0, 0)], CUP)
    assert lip(cup_at(y_mm=24, z_mm=20, tilt_deg=40)) == []
    assert lip(cup_at(tilt_deg=12)) == [0]


def test_nothing_lies_in_an_empty_bin() -> None:
    assert UnderLip([], [], CUP)(cup_at()) == []
