"""A parallel jaw: its limits, and the boxes of its body in the TCP frame."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from srclib_ros.geometry.grasp_frame import upright_variant
from srclib_ros.types import Matrix


@dataclass(frozen=True)
class Jaw:
    """A parallel jaw with two equal fingers.

    stroke_m: widest opening between the pads. finger_width_m (along x), finger_thickness_m (along y)
    and finger_depth_m (along z, palm to fingertip): size of each finger. pad_height_m: how far the pad
    reaches up from the fingertip. palm_size_m: (x, y, z) of the box behind the fingers.
    force_n: closing force. friction: Coulomb coefficient between pad and part.
    """

    name: str
    kind: str
    stroke_m: float
    finger_width_m: float
    finger_thickness_m: float
    finger_depth_m: float
    pad_height_m: float
    palm_size_m: tuple[float, float, float]
    force_n: float
    friction: float

    @property
    def friction_angle_rad(self) -> float:
        return math.atan(self.friction)

    @property
    def widest_m(self) -> float:
        """The widest part, between the contacts, that it takes."""
        return self.stroke_m

    @property
    def turns_freely(self) -> bool:
        """Whether a turn about the approach leaves the gripper, and so the grasp, as it is; a jaw's half turn does."""
        return False

    def settled(self, T_bin_tcp: Matrix) -> Matrix:
        """Of poses (..., 4, 4) that are one grasp, the one to settle on."""
        return upright_variant(T_bin_tcp)

    def opening_m(self, width_m: npt.ArrayLike, clearance_m: float) -> Matrix:
        """Opening (...) on the way to a part of `width_m` (...): `clearance_m` to each side, at most the stroke."""
        return np.minimum(np.asarray(width_m, np.float64) + 2 * clearance_m, self.stroke_m)

    def boxes_tcp(self, opening_m: npt.ArrayLike, sweep_m: float = 0.0) -> Matrix:
        """Boxes (..., 3, 2, 3): finger at -y, finger at +y, palm; lower and upper corner in the TCP frame.

        opening_m: (...) between the pads. sweep_m: length of the straight approach along z that the
        boxes are drawn out over, so that they hold everything the gripper passes through.
        """
        opening = np.asarray(opening_m, np.float64)
        half_x, thick, depth = self.finger_width_m / 2, self.finger_thickness_m, self.finger_depth_m
        palm_x, palm_y, palm_z = self.palm_size_m
        boxes = np.empty((*opening.shape, 3, 2, 3))
        boxes[..., :2, 0, 0], boxes[..., :2, 1, 0] = -half_x, half_x
        boxes[..., 0, 0, 1], boxes[..., 0, 1, 1] = -opening / 2 - thick, -opening / 2
        boxes[..., 1, 0, 1], boxes[..., 1, 1, 1] = opening / 2, opening / 2 + thick
        boxes[..., :2, 0, 2], boxes[..., :2, 1, 2] = -depth - sweep_m, 0.0
        boxes[..., 2, 0, :] = -palm_x / 2, -palm_y / 2, -depth - palm_z - sweep_m
        boxes[..., 2, 1, :] = palm_x / 2, palm_y / 2, -depth
        return boxes

    def reach_box_tcp(self, opening_m: npt.ArrayLike) -> Matrix:
        """Box (..., 2, 3) in which the part must lie to be grasped: between the fingers, tips to palm."""
        return self.closing_box_tcp(opening_m, self.finger_depth_m)

    def closing_box_tcp(self, opening_m: npt.ArrayLike, height_m: float) -> Matrix:
        """Box (..., 2, 3) between the fingers of the open gripper, from the tips up by `height_m`."""
        opening = np.asarray(opening_m, np.float64)
        box = np.empty((*opening.shape, 2, 3))
        box[..., 0, :] = -self.finger_width_m / 2, 0.0, -height_m
        box[..., 1, :] = self.finger_width_m / 2, 0.0, 0.0
        box[..., 0, 1], box[..., 1, 1] = -opening / 2, opening / 2
        return box
