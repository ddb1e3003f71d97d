"""What a hand does once it holds something: lift with minimum jerk, hold, shake along two level directions."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from srclib_ros.types import Matrix

LIFT_M, LIFT_S = 0.15, 0.6
HOLD_S = 0.4
SHAKE_M, SHAKE_HZ, SHAKES = 0.004, 4.0, 2  # along x, then along y


def hand_accelerations(down: Matrix, step_s: float) -> Iterator[Matrix]:
    """(3,) m/s^2 of the hand in every step, in the frame of `down` (3,), the unit vector along gravity.

    Each shake leads from rest 2 SHAKE_M to one side and back to rest.
    """
    for t in (np.arange(round(LIFT_S / step_s)) + 0.5) * step_s / LIFT_S:
        yield -down * (LIFT_M / LIFT_S**2) * (60.0 * t - 180.0 * t**2 + 120.0 * t**3)  # minimum jerk
    for _ in range(round(HOLD_S / step_s)):
        yield np.zeros(3)
    rate = 2.0 * np.pi * SHAKE_HZ
    for across in _across(down):
        for step in range(round(SHAKES / SHAKE_HZ / step_s)):
            yield across * SHAKE_M * rate**2 * np.cos(rate * (step + 0.5) * step_s)


def _across(down: Matrix) -> tuple[Matrix, Matrix]:
    """Two directions that are level, the first as near to x as can be."""
    x = np.array((1.0, 0.0, 0.0)) if abs(down[0]) < 0.9 else np.array((0.0, 1.0, 0.0))
    first = x - (x @ down) * down
    first /= np.linalg.norm(first)
    return first, np.cross(down, first)
