from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import rclpy
import yaml
from rclpy.node import Node
from rclpy.parameter import Parameter

from srclib_ros.config import PipelineConfig, flat_fields, flatten
from srclib_ros.errors import ConfigError
from srclib_ros.ros.params import NodeConfig, ReplayConfig, Settings, as_values, descriptor, read_parameters

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def context() -> Iterator[rclpy.Context]:
    context = rclpy.Context()
    rclpy.init(context=context)
    yield context
    rclpy.try_shutdown(context=context)


def node_with(context: rclpy.Context, **given: Any) -> Node:
    overrides = [Parameter(name, value=value) for name, value in given.items()]
    return Node("params_test", context=context, parameter_overrides=overrides)


def test_names_do_not_collide() -> None:
    names = [name for kind in (NodeConfig, PipelineConfig) for name, _ in flat_fields(kind)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("kind", [NodeConfig, PipelineConfig, ReplayConfig])
def test_a_descriptor_says_what_the_field_says(kind: Any) -> None:
    for name, item in flat_fields(kind):
        message, meta = descriptor(item), item.metadata
        assert meta["help"] in message.description, name
        assert meta["unit"] in message.description
        assert message.read_only == meta["restart"]
        if meta["choices"]:
            assert all(choice in message.additional_constraints for choice in meta["choices"])
        elif isinstance(item.default, float):
            assert message.floating_point_range[0].from_value == meta["low"]
            assert message.floating_point_range[0].to_value == meta["high"]


def test_every_setting_is_declared_with_its_default(context: rclpy.Context) -> None:
    node = node_with(context)
    values = read_parameters(node, NodeConfig, PipelineConfig)
    assert values == flatten(NodeConfig()) | flatten(PipelineConfig())
    for name, value in values.items():
        stored = node.get_parameter(name).value
        assert list(stored) == list(value) if isinstance(value, tuple) else stored == value
    node.destroy_node()


def test_what_the_node_is_started_with_wins(context: rclpy.Context) -> None:
    node = node_with(context, **{"bin.size_m": [1.0, 2.0, 0.5], "max_age_s": 3, "mode": "on_demand", "threads": 1})
    settings = Settings().override(read_parameters(node, NodeConfig, PipelineConfig))
    assert settings.pipeline.bin.size_m == (1.0, 2.0, 0.5)
    assert settings.pipeline.threads == 1
    assert settings.node.max_age_s == 3.0 and settings.node.mode == "on_demand"
    assert node.get_parameter("max_age_s").value == 3.0
    node.destroy_node()


def test_an_empty_list_in_a_file_is_an_empty_list(tmp_path: Path) -> None:
    file = tmp_path / "cell.yaml"
    file.write_text("/**:\n  ros__parameters:\n    bin:\n      pose: []\n      size_m: [1.0, 1.0, 0.5]\n")
    context = rclpy.Context()
    rclpy.init(args=["--ros-args", "--params-file", str(file)], context=context)
    node = Node("params_test", context=context)
    values = read_parameters(node, NodeConfig, PipelineConfig)
    node.destroy_node()
    rclpy.try_shutdown(context=context)
    assert values["bin.pose"] == () and values["bin.size_m"] == (1.0, 1.0, 0.5)


@pytest.mark.parametrize(
    ("given", "told"),
    [({"bin.size": [1.0]}, "bin.size_m"), ({"mode": "auto"}, "on_demand"), ({"threads": 0}, "1 to 64")],
)
def test_a_bad_start_is_refused_with_what_is_allowed(context: rclpy.Context, given: dict[str, Any], told: str) -> None:
    node = node_with(context, **given)
    with pytest.raises(ConfigError, match=told):
        read_parameters(node, NodeConfig, PipelineConfig)
    node.destroy_node()


def test_read_only_parameters_stay(context: rclpy.Context) -> None:
    node = node_with(context)
    read_parameters(node, NodeConfig, PipelineConfig)
    refused = node.set_parameters([Parameter("threads", value=1)])[0]
    assert not refused.successful and "read-only" in refused.reason
    node.destroy_node()


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"bin.pose": [0.0] * 7}, "bin.pose: .*quaternion"),
        ({"tool_T_tcp": [0.0] * 7}, "tool_T_tcp: .*quaternion"),
        ({"extrinsics": "base camera 0 0 1"}, "extrinsics: .*parent child"),
        ({"grasp.max_tilt_rad": math.inf}, "grasp.max_tilt_rad"),
        ({"nonsense": 1}, "unknown parameter 'nonsense'"),
    ],
)
def test_settings_refuse_what_a_range_cannot_say(values: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        Settings().override(values)


def test_one_override_leaves_the_rest() -> None:
    changed = Settings().override({"grasp.max_tilt_rad": 0.2, "max_age_s": 9.0})
    assert changed.pipeline.grasp.max_tilt_rad == 0.2 and changed.node.max_age_s == 9.0
    assert changed.override({}) == changed
    assert Settings().pipeline.grasp.max_tilt_rad != 0.2


def test_parameters_of_rclpy_itself_are_not_ours() -> None:
    ours = Parameter("max_age_s", value=1.0)
    assert as_values([Parameter("use_sim_time", value=True), ours]) == {"max_age_s": 1.0}


@pytest.mark.parametrize("path", sorted((ROOT / "config").glob("*.yaml")), ids=lambda path: path.name)
def test_shipped_parameter_files_hold_known_keys_and_allowed_values(path: Path) -> None:
    for node, block in yaml.safe_load(path.read_text()).items():
        assert node.rsplit("/", 1)[-1] == "picking_node"
        Settings().override(block["ros__parameters"])
