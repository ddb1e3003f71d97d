"""Every setting of the pipeline once: default, unit, range and help.

ROS parameter descriptors, CLI options, YAML checks and the documentation are made from these fields.
A flat name is ``group.field`` (``bin.size_m``), as in a ROS parameter file.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from srclib_ros.errors import ConfigError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Config = TypeVar("Config", bound="DataclassInstance")


def setting(
    default: Any,
    help: str,
    *,
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    lengths: tuple[int, ...] = (),
    restart: bool = False,
) -> Any:
    """A dataclass field with what a person, a parameter descriptor and a check need to know.

    lengths: for tuples, how many numbers they may hold. restart: read once, when the node configures.
    """
    metadata = {
        "help": help,
        "unit": unit,
        "low": low,
        "high": high,
        "choices": choices,
        "lengths": lengths,
        "restart": restart,
    }
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class BinConfig:
    mode: str = setting(
        "bin", "'bin' has walls; 'plane' is a table, found in the cloud when no pose is given", choices=("bin", "plane")
    )
    pose: tuple[float, ...] = setting(
        (),
        "pose of the centre of the bin's floor, z up: x y z qx qy qz qw in `bin.frame_id`; empty: find the plane",
        lengths=(0, 7),
    )
    size_m: tuple[float, ...] = setting(
        (0.36, 0.26, 0.12), "inner length, width and wall height", unit="m", low=0.0, high=5.0, lengths=(3,)
    )
    floor_margin_m: float = setting(
        0.004,
        "a part rises above this; it begins at half of it, its sides at a quarter, and what is lower is the floor",
        unit="m",
        low=0.0,
        high=0.1,
    )
    wall_margin_m: float = setting(
        0.006, "points nearer than this to a wall belong to the wall", unit="m", low=0.0, high=0.1
    )

    def __post_init__(self) -> None:
        if min(self.size_m[:2]) <= 0.0:
            raise ConfigError(f"bin.size_m: length and width must be above 0, got {list(self.size_m)}")


@dataclass(frozen=True)
class SegmentationConfig:
    depth_jump: float = setting(
        0.007, "a step between neighbouring pixels is an edge from this share of the depth on", low=0.001, high=0.2
    )
    concavity_rad: float = setting(
        0.7,
        "segments stay apart where the border between them folds concavely by this much on average",
        unit="rad",
        low=0.05,
        high=1.57,
    )
    join_probability: float = setting(
        0.5,
        "in a bin with known walls, pieces that are of one part with at least this probability are joined, and it is "
        "judged whether each segment is one whole part (by trees that learnt at the default); 1: neither",
        low=0.05,
        high=1.0,
    )
    joining: str = setting(
        "", "file that `srclib train-joining` wrote, to tell pieces of one part by; empty: the one that ships"
    )
    min_points: int = setting(60, "fewer points are no part", low=10, high=100_000)
    max_points: int = setting(2_000_000, "a larger cloud is refused", low=1_000, high=20_000_000)


@dataclass(frozen=True)
class SelectionConfig:
    bin_content: str = setting(
        "mixed",
        "'single': one kind of part lies in the bin, and its segments vote; 'mixed': each segment for itself",
        choices=("single", "mixed"),
    )
    min_similarity: float = setting(
        -1.0,
        "below this similarity there is no suitable source; -1 takes the library's calibrated threshold",
        low=-1.0,
        high=1.0,
    )
    least_completeness: float = setting(
        0.5,
        "a segment that is one whole part with less probability is doubtful, a piece of one or several together: in a "
        "mixed bin no source answers for it, in one of a single kind it votes only where nothing else does; 0: none is",
        low=0.0,
        high=1.0,
    )
    revote_every: int = setting(
        10,
        "with bin_content 'single': frames for which the voted source is held before the parts vote again",
        low=1,
        high=10_000,
    )
    neighbours: int = setting(5, "how many neighbours a match reports", low=1, high=100)


@dataclass(frozen=True)
class GraspConfig:
    gripper: str = setting("jaw", "name of a gripper in grippers.yaml", restart=True)
    max_tilt_rad: float = setting(
        0.7, "largest angle between the approach and the bin's vertical", unit="rad", low=0.0, high=math.pi / 2
    )
    clearance_m: float = setting(0.002, "free space kept around the gripper", unit="m", low=0.0, high=0.05)
    pregrasp_m: float = setting(0.10, "length of the straight approach", unit="m", low=0.0, high=0.5)
    part_density_kg_m3: float = setting(
        2700.0,
        "density of the parts, to guess what a suction cup can lift where no network speaks of them",
        unit="kg/m^3",
        low=10.0,
        high=25_000.0,
    )
    min_quality: float = setting(0.1, "grasps below this quality are rejected", low=0.0, high=1.0)
    min_presence: float = setting(0.5, "poses below this presence are dropped", low=0.0, high=1.0)
    good_quality: float = setting(0.5, "a grasp from this quality on is a good one", low=0.0, high=1.0)
    enough_parts: int = setting(
        2,
        "when so many parts have a good grasp, the model-free planner looks at no more; the freest come first",
        low=0,
        high=1000,
    )
    max_parts: int = setting(
        8,
        "after so many parts the model-free planner looks on only while there is nothing to offer; "
        "a part looked at from two approaches counts twice",
        low=1,
        high=1000,
    )
    max_grasps: int = setting(50, "how many grasps are published", low=1, high=1000)
    workspace_m: tuple[float, ...] = setting(
        (), "TCP limits in the bin frame: x_min y_min z_min x_max y_max z_max; empty: the bin", unit="m", lengths=(0, 6)
    )
    retry_radius_m: float = setting(
        0.01,
        "a grasp this near to a failed one is not offered again until the part that lay there has gone",
        unit="m",
        low=0.0,
        high=0.2,
    )

    def __post_init__(self) -> None:
        low, high = self.workspace_m[:3], self.workspace_m[3:]
        if any(a >= b for a, b in zip(low, high, strict=True)):
            raise ConfigError(f"grasp.workspace_m: each least value must be below its greatest, got {[*low, *high]}")


@dataclass(frozen=True)
class PipelineConfig:
    bin: BinConfig = field(default_factory=BinConfig)
    segmentation: SegmentationConfig = field(default_factory=SegmentationConfig)
    selection: SelectionConfig = field(default_factory=SelectionConfig)
    grasp: GraspConfig = field(default_factory=GraspConfig)
    threads: int = setting(2, "threads of the networks", low=1, high=64, restart=True)


def flat_fields(config_type: Any, prefix: str = "") -> Iterator[tuple[str, dataclasses.Field[Any]]]:
    """(flat name, dataclass field) of every setting below a config dataclass, in order."""
    for item in dataclasses.fields(config_type):
        if "help" in item.metadata:
            yield prefix + item.name, item
        else:
            yield from flat_fields(item.default_factory, f"{prefix}{item.name}.")


def flatten(config: Any, prefix: str = "") -> dict[str, Any]:
    """A config as {flat name: value}."""
    values: dict[str, Any] = {}
    for item in dataclasses.fields(config):
        value = getattr(config, item.name)
        values |= {prefix + item.name: value} if "help" in item.metadata else flatten(value, f"{prefix}{item.name}.")
    return values


def check(name: str, item: dataclasses.Field[Any], value: Any) -> Any:
    """`value` in the field's own type, or ConfigError naming the setting and what it accepts."""
    meta, default = item.metadata, item.default
    unit = f" {meta['unit']}" if meta["unit"] else ""
    if isinstance(default, (bool, str)):
        if type(value) is not type(default):
            raise ConfigError(f"{name}: expected {type(default).__name__}, got {value!r}")
        if meta["choices"] and value not in meta["choices"]:
            raise ConfigError(f"{name}: {value!r} is not one of {', '.join(meta['choices'])}")
        return value
    if isinstance(default, tuple):
        if isinstance(value, (str, bytes)) or not hasattr(value, "__iter__"):
            raise ConfigError(f"{name}: expected a list of numbers, got {value!r}")
        numbers = tuple(_number(name, v, meta, unit) for v in value)
        if len(numbers) not in meta["lengths"]:
            wanted = " or ".join(map(str, meta["lengths"]))
            raise ConfigError(f"{name}: expected {wanted} numbers, got {len(numbers)}")
        return numbers
    number = _number(name, value, meta, unit)
    if isinstance(default, int):
        if number != int(number):
            raise ConfigError(f"{name}: expected a whole number, got {value!r}")
        return int(number)
    return number


def _number(name: str, value: Any, meta: Mapping[str, Any], unit: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ConfigError(f"{name}: expected a finite number, got {value!r}")
    low, high = meta["low"], meta["high"]
    if (low is not None and value < low) or (high is not None and value > high):
        raise ConfigError(f"{name}: {value} is outside {low} to {high}{unit}")
    return float(value)


def override(config: Config, values: Mapping[str, Any]) -> Config:
    """A copy of `config` with flat names replaced, each checked. Raises ConfigError, naming what is allowed."""
    known = dict(flat_fields(type(config)))
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise ConfigError(f"unknown setting {unknown[0]!r}; known: {', '.join(known)}")
    checked = {name: check(name, known[name], value) for name, value in values.items()}
    return _rebuild(config, checked, "")


def _rebuild(config: Config, values: Mapping[str, Any], prefix: str) -> Config:
    changes = {}
    for item in dataclasses.fields(config):
        name = prefix + item.name
        if "help" not in item.metadata:
            changes[item.name] = _rebuild(getattr(config, item.name), values, f"{name}.")
        elif name in values:
            changes[item.name] = values[name]
    return dataclasses.replace(config, **changes)
