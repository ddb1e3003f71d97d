"""What a sealed cup carries: how many times the load of a part until it is pulled off, sheared, twisted or peeled.

The ring contact of Dex-Net 3.0 (Mahler et al., arXiv 1709.06670, section IV-B): with V = P pi r^2 the suction and F_z
what pulls away along the axis, the lip presses with N = V - F_z, and

    pull    F_z <= V
    shear   sqrt(3) |F_xy| <= mu N      twist   sqrt(3) |M_z| <= r mu N
    peel    sqrt(2) |M_xy| <= r N / 2

The roots are Dex-Net's: boxes within the ellipsoids of what acts together. Its fourth limit, pi r kappa, is a constant
of the cup's rubber that was fitted to one cup; here it is where the lip lifts: N and M_xy load a ring of radius r with
N / (2 pi r) + M_xy cos(phi) / (pi r^2) for each unit of length, which stays pressed all around while M_xy <= r N / 2.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np

from srclib_ros.grasping.suction.cup import SuctionCup
from srclib_ros.types import Matrix


class Limit(StrEnum):
    """What gives way first."""

    PULL = "pulled off"
    SHEAR = "sheared"
    TWIST = "twisted"
    PEEL = "peeled"


LIMITS = tuple(Limit)


LIFT_M_S2, SHAKE_M_S2, GRAVITY_M_S2 = 12.5, 2.6, 9.81
"""At most: on the way up, gravity included; sideways while the part is held."""


AMPLE = 4.0
"""Times the load: what makers of cups ask for where a part is carried sideways."""


def accelerations(down: Matrix) -> Matrix:
    """(..., 5, 3) m/s^2 that pull at a part while it is lifted and moved: gravity less the cup's own acceleration.

    down: (..., 3) unit, where gravity pulls, in any frame. First the lift, then a shake to either side, two ways.
    """
    down = np.asarray(down, np.float64)
    across = np.cross(down, np.where(np.abs(down[..., :1]) < 0.9, (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)))
    across /= np.linalg.norm(across, axis=-1, keepdims=True)
    sideways = np.stack([across, -across, np.cross(down, across), np.cross(across, down)], axis=-2)
    shaken = GRAVITY_M_S2 * down[..., None, :] + SHAKE_M_S2 * sideways
    return np.concatenate([LIFT_M_S2 * down[..., None, :], shaken], axis=-2)


def load(mass_kg: float, centre_tcp: Matrix, acceleration_tcp: Matrix) -> tuple[Matrix, Matrix]:
    """Force (..., 3) N on the part, and its moment (..., 3) Nm about the middle of the lip, TCP frame.

    centre_tcp: (..., 3) m, the part's centre of mass. acceleration_tcp: (..., 3) m/s^2, gravity less the cup's own.
    """
    force = mass_kg * np.asarray(acceleration_tcp, np.float64)
    return force, np.cross(centre_tcp, force)


def margins(cup: SuctionCup, force_tcp: Matrix, moment_tcp: Matrix) -> Matrix:
    """(..., 4) how many times this load (..., 3) each of LIMITS allows; inf where it never gives way.

    The pull grows with the load and leaves less to press the lip on, so that each limit solves
    s demand <= capacity (V - s F_z) / V for s.
    """
    suction_n = cup.force_n
    pull = force_tcp[..., 2]
    demand = np.stack(
        [
            np.zeros_like(pull),
            np.sqrt(3.0) * np.hypot(force_tcp[..., 0], force_tcp[..., 1]) / cup.friction,
            np.sqrt(3.0) * np.abs(moment_tcp[..., 2]) / (cup.radius_m * cup.friction),
            np.sqrt(2.0) * np.hypot(moment_tcp[..., 0], moment_tcp[..., 1]) * 2.0 / cup.radius_m,
        ],
        axis=-1,
    )
    needed = demand + pull[..., None]
    return np.divide(suction_n, needed, out=np.full(needed.shape, np.inf), where=needed > 1e-9 * suction_n)


def gives_way(margin: Matrix) -> Limit | None:
    """Of `margins` (..., 4) of loads the limit that gives way, None where all are carried.

    What is pulled off fails every other limit too, so that the pull is named first.
    """
    least = margin.reshape(-1, len(LIMITS)).min(axis=0)
    if least.min() >= 1.0:
        return None
    return Limit.PULL if least[LIMITS.index(Limit.PULL)] < 1.0 else LIMITS[int(np.argmin(least))]


def wrench_quality(margin: Matrix) -> Matrix:
    """(...) in [0, 1]: 0 where the cup does not hold, 1 from AMPLE times the load on; between, what is left over."""
    return np.minimum((1.0 - 1.0 / np.maximum(margin, 1.0)) / (1.0 - 1.0 / AMPLE), 1.0)
