"""Grippers as data: which kinds there are, and the file that describes them.

A gripper of any kind has a name, a friction, the boxes of its body along a straight approach (`boxes_tcp`), and where
the part must lie to be grasped (`reach_box_tcp`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from importlib import resources
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from srclib_ros.errors import GripperError
from srclib_ros.grasping.jaw import Jaw
from srclib_ros.grasping.suction.cup import SuctionCup

Gripper: TypeAlias = Jaw | SuctionCup
KINDS: dict[str, type[Jaw] | type[SuctionCup]] = {"jaw": Jaw, "suction": SuctionCup}
SIZES = ("palm_size_m", "holder_size_m")
"""Fields that hold three lengths; all others but the kind hold one number."""
DEFAULT_FILE = "grippers.yaml"


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


def as_jaw(gripper: Gripper, wanted_by: str) -> Jaw:
    """The gripper itself, known to be a jaw. wanted_by: what needs one. Raises GripperError for another kind."""
    if not isinstance(gripper, Jaw):
        raise GripperError(f"{gripper.name}: {wanted_by} needs a jaw, this is a {gripper.kind} cup; name a jaw")
    return gripper


def as_cup(gripper: Gripper, wanted_by: str) -> SuctionCup:
    """The gripper itself, known to be a cup. wanted_by: what needs one. Raises GripperError for another kind."""
    if not isinstance(gripper, SuctionCup):
        raise GripperError(f"{gripper.name}: {wanted_by} needs a suction cup, this is a {gripper.kind}; name a cup")
    return gripper


def _gripper(where: str, name: str, values: Any) -> Gripper:
    if not isinstance(values, Mapping) or "kind" not in values:
        raise GripperError(f"{where}: {name}: expected fields, kind ({', '.join(KINDS)}) among them; got {values!r}")
    made = KINDS.get(values["kind"]) if isinstance(values["kind"], str) else None
    if made is None:
        raise GripperError(f"{where}: {name}: kind {values['kind']!r} is not one of {', '.join(KINDS)}")
    wanted = [item.name for item in fields(made) if item.name != "name"]
    if set(values) != set(wanted):
        raise GripperError(
            f"{where}: {name}: a {values['kind']} has the fields {', '.join(wanted)}; got {', '.join(map(str, values))}"
        )
    checked: dict[str, Any] = {"name": name, "kind": values["kind"]}
    for field in wanted[1:]:
        read = _size if field in SIZES else _positive
        checked[field] = read(where, name, field, values[field])
    if made is SuctionCup and checked["lip_tilt_rad"] >= math.pi / 2:
        raise GripperError(f"{where}: {name}: lip_tilt_rad: expected less than pi / 2, got {checked['lip_tilt_rad']}")
    return made(**checked)


def _size(where: str, name: str, field: str, value: Any) -> tuple[float, float, float]:
    if not isinstance(value, list) or len(value) != 3:
        raise GripperError(f"{where}: {name}: {field}: expected three lengths, got {value!r}")
    x, y, z = (_positive(where, name, field, length) for length in value)
    return x, y, z


def _positive(where: str, name: str, field: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
        raise GripperError(f"{where}: {name}: {field}: expected a positive number, got {value!r}")
    return float(value)
