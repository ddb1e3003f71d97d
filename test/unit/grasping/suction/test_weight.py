"""The guessed weight of parts whose weight is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.height_field_scenes import block, grid, scene_of, turned

from srclib_ros.grasping.suction.weight import guess_weight
from srclib_ros.types import Segment

PER_M2 = 1e6  # the grid's pitch is a millimetre
AT = (0.02, 0.01)


def lying(*size_m: float) -> Segment:
    x, y = grid()
    return scene_of(x, y, [block(*turned(x, y, AT, 0.3), size_m)]).segments[0]


def test_a_lying_block_weighs_what_it_does() -> None:
    found = guess_weight(lying(0.07, 0.05, 0.02), PER_M2, 2700.0)
    assert found.mass_kg == pytest.approx(2700 * 0.07 * 0.05 * 0.02, rel=0.02)
    np.testing.assert_allclose(found.centre_bin, (*AT, 0.01), atol=5e-4)


def test_no_part_is_deeper_than_it_is_wide() -> None:
    """A bar that lies 60 mm up on something else."""
    part = lying(0.08, 0.02, 0.06)
    found = guess_weight(part, PER_M2, 1000.0)
    assert found.mass_kg == pytest.approx(1000 * 0.08 * 0.02 * 0.02, rel=0.05)
    assert found.centre_bin[2] == pytest.approx(0.05, abs=0.001)


def test_what_may_be_missing_weighs_as_well() -> None:
    part = lying(0.07, 0.05, 0.02)
    half = guess_weight(replace(part, completeness=0.5), PER_M2, 2700.0)
    assert half.mass_kg == pytest.approx(2 * guess_weight(part, PER_M2, 2700.0).mass_kg)
