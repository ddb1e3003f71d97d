"""Settings of the nodes, and settings as ROS parameters: declared, described, checked, changed at run time."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.node import Node
from rclpy.parameter import Parameter

from srclib_ros.config import PipelineConfig, check, flat_fields, flatten, override, setting
from srclib_ros.errors import ConfigError, TransformError
from srclib_ros.geometry.transforms import pose7_to_matrix
from srclib_ros.ros.frames import parse_extrinsics

FOREIGN = ("use_sim_time", "start_type_description_service", "qos_overrides.")


@dataclass(frozen=True)
class BinFrameConfig:
    frame_id: str = setting(
        "",
        "frame in which `bin.pose` is stated; with an empty pose the bin lies at this frame itself; empty: the cloud's",
    )


@dataclass(frozen=True)
class NodeConfig:
    """What the picking node wants to know beside the pipeline's own settings."""

    library: str = setting(
        "", "folder of the source library; empty: the one that ships; read on configure and by ~/reload_library"
    )
    mode: str = setting(
        "continuous",
        "'continuous' plans on the latest cloud; 'on_demand' only when ~/plan asks (the arm hides the bin in between)",
        choices=("continuous", "on_demand"),
    )
    input: str = setting(
        "points",
        "'points': a PointCloud2; 'depth': depth/image_rect with depth/camera_info",
        choices=("points", "depth"),
        restart=True,
    )
    bin: BinFrameConfig = field(default_factory=BinFrameConfig)
    sensor_frame: str = setting(
        "", "frame of the sensor, where clouds arrive in another one; empty: the cloud's frame is the sensor's"
    )
    target_frame: str = setting("", "frame in which grasps are published; empty: the cloud's")
    extrinsics: str = setting(
        "",
        "transforms that hold for ever, before tf2 is asked: 'parent child x y z qx qy qz qw', "
        "several separated by ';' (metres; maps child coordinates into parent)",
    )
    tf_timeout_s: float = setting(0.2, "how long tf2 may wait for a transform", unit="s", low=0.0, high=10.0)
    tool_T_tcp: tuple[float, ...] = setting(
        (),
        "pose of the TCP frame (z approach, y closing) in the robot's own tool frame, x y z qx qy qz qw: "
        "published poses are then the tool frame's; empty: the TCP's",
        lengths=(0, 7),
    )
    max_age_s: float = setting(
        2.0, "a cloud whose stamp is older yields no grasp; 0: any age will do", unit="s", low=0.0, high=3600.0
    )
    plan_timeout_s: float = setting(
        5.0, "how long ~/plan waits for a cloud stamped after the request", unit="s", low=0.1, high=120.0
    )
    autostart: bool = setting(True, "the node configures and activates itself", restart=True)


@dataclass(frozen=True)
class ReplayConfig:
    """Settings of the replay node."""

    path: str = setting("", "a rosbag2, or a folder of PCD, PLY, NPZ files or scene folders, or one of them")
    topic: str = setting("", "which PointCloud2 topic of the bag; empty: the only one")
    frame_id: str = setting("", "frame of the published clouds; empty: as recorded")
    rate_hz: float = setting(
        0.0, "clouds a second; 0: as recorded (a folder: one a second)", unit="Hz", low=0.0, high=1000.0
    )
    stamps: str = setting("original", "'original' keeps the recorded stamps", choices=("original", "now"))
    loop: bool = setting(False, "start again at the end")
    wait_for_subscribers: int = setting(
        1, "the first cloud is held back until so many subscribers are there", low=0, high=100
    )


@dataclass(frozen=True)
class Settings:
    """Everything that the picking node is told, checked."""

    node: NodeConfig = field(default_factory=NodeConfig)
    pipeline: PipelineConfig = field(default_factory=PipelineConfig)

    def override(self, values: Mapping[str, Any]) -> Settings:
        """A copy with flat names replaced. Raises ConfigError, naming what is allowed."""
        for_node = {name for name, _ in flat_fields(NodeConfig)}
        known = for_node | {name for name, _ in flat_fields(PipelineConfig)}
        refuse_unknown(values, known)
        changed = Settings(
            override(self.node, {name: value for name, value in values.items() if name in for_node}),
            override(self.pipeline, {name: value for name, value in values.items() if name not in for_node}),
        )
        _check_poses(changed)
        return changed


def refuse_unknown(values: Mapping[str, Any], known: set[str]) -> None:
    unknown = sorted(set(values) - known)
    if unknown:
        raise ConfigError(f"unknown parameter {unknown[0]!r}; known: {', '.join(sorted(known))}")


def _check_poses(settings: Settings) -> None:
    """What a field's range cannot say: quaternions have a length, extrinsics can be read."""
    for name, pose in (("bin.pose", settings.pipeline.bin.pose), ("tool_T_tcp", settings.node.tool_T_tcp)):
        if pose:
            try:
                pose7_to_matrix(pose)
            except ConfigError as error:
                raise ConfigError(f"{name}: {error}") from error
    try:
        parse_extrinsics(settings.node.extrinsics)
    except TransformError as error:
        raise ConfigError(f"extrinsics: {error}") from error


def read_parameters(node: Node, *config_types: Any) -> dict[str, Any]:
    """Declare every setting of the config dataclasses on `node`, and return what it was started with.

    Raises ConfigError, for a misspelt name too, which ROS itself passes over in silence.
    """
    fields = {name: item for config_type in config_types for name, item in flat_fields(config_type)}
    given = _given(node)
    refuse_unknown(given, set(fields))
    values = {}
    for name, item in fields.items():
        value: Any = check(name, item, given[name]) if name in given else item.default
        values[name] = value
        stored = list(value) if isinstance(value, tuple) else value
        node.declare_parameter(name, stored, descriptor(item), ignore_override=True)
    return values


def _given(node: Node) -> dict[str, Any]:
    """What files and the command line say, by name. rclpy shows only what is declared, hence the private dictionary."""
    given = as_values(list(node._parameter_overrides.values()))
    # An empty list in a parameter file has no type in ROS, and arrives as None.
    return {name: () if value is None else value for name, value in given.items()}


def descriptor(item: dataclasses.Field[Any]) -> ParameterDescriptor:
    """What `ros2 param describe` shows. Typing is dynamic, so that `2` serves where `2.0` is meant; ranges are ours."""
    meta, default = item.metadata, item.default
    message = ParameterDescriptor(
        description=f"{meta['help']} [{meta['unit']}]" if meta["unit"] else meta["help"],
        read_only=meta["restart"],
        dynamic_typing=True,
    )
    if meta["choices"]:
        message.additional_constraints = "one of: " + ", ".join(meta["choices"])
    elif isinstance(default, tuple):
        message.additional_constraints = " or ".join(map(str, meta["lengths"])) + " numbers" + _limits(meta)
    elif isinstance(default, int) and not isinstance(default, bool):
        message.integer_range = [IntegerRange(from_value=int(meta["low"]), to_value=int(meta["high"]), step=0)]
    elif isinstance(default, float):
        message.floating_point_range = [
            FloatingPointRange(from_value=float(meta["low"]), to_value=float(meta["high"]), step=0.0)
        ]
    return message


def _limits(meta: Mapping[str, Any]) -> str:
    return "" if meta["low"] is None else f", each {meta['low']} to {meta['high']}"


def as_values(parameters: list[Parameter]) -> dict[str, Any]:
    """{flat name: value} of ROS parameters, those of rclpy itself left out."""
    return {item.name: item.value for item in parameters if not item.name.startswith(FOREIGN)}


def to_parameters(config: Any) -> Iterator[tuple[str, Any]]:
    """(name, value) of a config as a parameter file or a command line writes them; empty lists are left out."""
    for name, value in flatten(config).items():
        if value != ():
            yield name, list(value) if isinstance(value, tuple) else value
