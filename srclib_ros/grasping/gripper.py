"""Grippers as data: a name, limits, and the boxes of their body in the TCP frame."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

from srclib_ros.errors import GripperError
from srclib_ros.types import Matrix

KINDS = ("jaw",)
DEFAULT_FILE = "grippers.yaml"


@dataclass(frozen=True)
class Gripper:
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

    def closing_box_tcp(self, opening_m: npt.ArrayLike, height_m: float) -> Matrix:
        """Box (..., 2, 3) between the fingers of the open gripper, from the tips up by `height_m`."""
        opening = np.asarray(opening_m, np.float64)
        box = np.empty((*opening.shape, 2, 3))
        box[..., 0, :] = -self.finger_width_m / 2, 0.0, -height_m
        box[..., 1, :] = self.finger_width_m / 2, 0.0, 0.0
        box[..., 0, 1], box[..., 1, 1] = -opening / 2, opening / 2
        return box


def load_grippers(path: Path | None = None) -> dict[str, Gripper]:
    """Every gripper in a YAML file by name; None reads the file that comes with the package.

    Raises GripperError, naming the file, the gripper and the field.
    """
    where = str(path or DEFAULT_FILE)
    source = path or resources.files(__package__).joinpath(DEFAULT_FILE)
    try:
        described = yaml.safe_load(source.read_text(encoding="utf-8"))
    except OSError as error:
        raise GripperError(f"{where}: cannot be read ({error}); check the path") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise GripperError(f"{where}: not valid YAML ({error}); mend that line") from error
    if not isinstance(described, dict) or not described:
        raise GripperError(f"{where}: expected a mapping from gripper names to their fields")
    return {str(name): _gripper(where, str(name), values) for name, values in described.items()}


def load_gripper(name: str, path: Path | None = None) -> Gripper:
    """The gripper called `name`. Raises GripperError, listing the known ones."""
    grippers = load_grippers(path)
    if name not in grippers:
        raise GripperError(f"unknown gripper {name!r}; {path or DEFAULT_FILE} knows: {', '.join(grippers)}")
    return grippers[name]


def _gripper(where: str, name: str, values: Any) -> Gripper:
    wanted = [item.name for item in fields(Gripper) if item.name != "name"]
    if not isinstance(values, Mapping) or set(values) != set(wanted):
        found = ", ".join(map(str, values)) if isinstance(values, Mapping) else repr(values)
        raise GripperError(f"{where}: {name}: expected the fields {', '.join(wanted)}; got {found}")
    if values["kind"] not in KINDS:
        raise GripperError(f"{where}: {name}: kind {values['kind']!r} is not one of {', '.join(KINDS)}")
    palm = values["palm_size_m"]
    if not isinstance(palm, list) or len(palm) != 3:
        raise GripperError(f"{where}: {name}: palm_size_m: expected three lengths, got {palm!r}")
    numbers = {
        field: _positive(where, name, field, values[field]) for field in wanted if field not in ("kind", "palm_size_m")
    }
    x, y, z = (_positive(where, name, "palm_size_m", length) for length in palm)
    return Gripper(name=name, kind=values["kind"], palm_size_m=(x, y, z), **numbers)


def _positive(where: str, name: str, field: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
        raise GripperError(f"{where}: {name}: {field}: expected a positive number, got {value!r}")
    return float(value)
