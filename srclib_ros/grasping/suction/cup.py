"""A suction cup: its limits, and the boxes of its body in the TCP frame.

TCP frame: origin in the middle of the lip where it sits on the part, z approach. The cup is round: x and y are free.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from srclib_ros.geometry.grasp_frame import least_turned
from srclib_ros.types import Matrix

GIVES_WAY = 0.5
"""Of the bellows' height: so far surfaces may stand nearer than the lip, or it is pressed on when they lie further."""
_STAIRS = (np.sin(np.pi / 8), np.sin(np.pi / 4), np.sin(3 * np.pi / 8))
"""Half sides, in radii, of three crossed boxes whose corners lie on a circle: they fill 85 % of it."""


@dataclass(frozen=True)
class SuctionCup:
    """One round cup with bellows, on a tube under a holder.

    radius_m: of the lip. bellows_m: height from the lip to the tube; half of it gives way. lip_gap_m: the unevenness
    that the lip closes. lip_tilt_rad: the largest angle between the cup's axis and what it sits on square to.
    vacuum_pa: pressure below that of the air when sealed. friction: Coulomb coefficient between lip and part.
    tube_radius_m, tube_length_m: above the bellows. holder_size_m: (x, y, z) of the box behind the tube.
    """

    name: str
    kind: str
    radius_m: float
    bellows_m: float
    lip_gap_m: float
    lip_tilt_rad: float
    vacuum_pa: float
    friction: float
    tube_radius_m: float
    tube_length_m: float
    holder_size_m: tuple[float, float, float]

    @property
    def force_n(self) -> float:
        """Suction of the sealed cup, V = P pi r^2."""
        return self.vacuum_pa * math.pi * self.radius_m**2

    @property
    def gives_way_m(self) -> float:
        """How far the bellows give way, and how far the lip is pressed on beyond the TCP."""
        return GIVES_WAY * self.bellows_m

    @property
    def widest_m(self) -> float:
        """A cup opens not at all: grasps have no width."""
        return 0.0

    @property
    def turns_freely(self) -> bool:
        """A turn about the approach leaves the grasp as it is."""
        return True

    def settled(self, T_bin_tcp: Matrix) -> Matrix:
        """Of poses (..., 4, 4) that are one grasp, the one to settle on."""
        return least_turned(T_bin_tcp)

    def opening_m(self, width_m: npt.ArrayLike, clearance_m: float) -> Matrix:
        """Zeros (...), as many as there are widths (...)."""
        return np.zeros(np.shape(width_m))

    def boxes_tcp(self, opening_m: npt.ArrayLike, sweep_m: float = 0.0) -> Matrix:
        """Boxes (..., 5, 2, 3): three crossed ones for the bellows, tube, holder; lower and upper corner, TCP frame.

        Of the bellows only what does not give way: the rest may touch the part. opening_m: (...), its shape alone
        counts. sweep_m: length of the straight approach along z that the boxes are drawn out over.
        """
        half = np.empty((5, 2))
        half[:3] = self.radius_m * np.stack([_STAIRS, _STAIRS[::-1]], axis=1)
        half[3], half[4] = self.tube_radius_m, np.array(self.holder_size_m[:2]) / 2
        top = -self.bellows_m - self.tube_length_m
        boxes = np.empty((*np.shape(opening_m), 5, 2, 3))
        boxes[..., 0, :2], boxes[..., 1, :2] = -half, half
        boxes[..., 0, 2] = np.array((*[-self.bellows_m] * 3, top, top - self.holder_size_m[2])) - sweep_m
        boxes[..., 1, 2] = *[-self.gives_way_m] * 3, -self.bellows_m, top
        return boxes

    def reach_box_tcp(self, opening_m: npt.ArrayLike) -> Matrix:
        """Box (..., 2, 3) in which the part must lie to be grasped: below the lip, within what the bellows even out."""
        half = self.radius_m * math.sqrt(0.5)
        corner = np.array((half, half, self.gives_way_m))
        return np.broadcast_to(np.stack([-corner, corner]), (*np.shape(opening_m), 2, 3)).copy()
