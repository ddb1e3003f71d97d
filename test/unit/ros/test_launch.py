"""The launch files, read with stand-ins for `launch` and `launch_ros`."""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from support import ros_launch_standin as standin

from srclib_ros.config import PipelineConfig, flat_fields
from srclib_ros.ros.params import NodeConfig, ReplayConfig
from srclib_ros.ros.runner import NODES

ROOT = Path(__file__).resolve().parents[3]
FILES = sorted((ROOT / "launch").glob("*_launch.py"))


@pytest.fixture(autouse=True)
def stand_ins(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE"):
        monkeypatch.delenv(name, raising=False)
    with standin.installed():
        yield


def described(name: str) -> list[Any]:
    entities: list[Any] = runpy.run_path(str(ROOT / "launch" / name))["generate_launch_description"]().entities
    return entities


def arguments_of(entities: list[Any]) -> dict[str, Any]:
    return {item.name: item.given for item in entities if isinstance(item, standin.DeclareLaunchArgument)}


def picking_node(**given: str) -> Any:
    """The node that picking_launch.py starts with these arguments."""
    entities = described("picking_launch.py")
    context = {
        name: value if isinstance(value := item["default_value"], str) else value.perform({})
        for name, item in arguments_of(entities).items()
    } | given
    start = next(item for item in entities if isinstance(item, standin.OpaqueFunction))
    (node,) = start.given["function"](context)
    return node, context


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_argument_is_described(path: Path) -> None:
    arguments = arguments_of(described(path.name))
    assert len(arguments) > 5
    assert all(item["description"] for item in arguments.values())
    required = [name for name, item in arguments.items() if "default_value" not in item]
    assert required == (["path"] if path.name == "replay_launch.py" else [])


def test_what_is_started_is_a_node_of_this_package() -> None:
    nodes = [item for item in described("replay_launch.py") if isinstance(item, standin.Node)] + [picking_node()[0]]
    assert {node.given["executable"] for node in nodes} == set(NODES)
    assert {node.given["package"] for node in nodes} == {"srclib_ros"}


def test_parameters_that_the_files_set_are_known() -> None:
    ours = {name for kind in (NodeConfig, PipelineConfig) for name, _ in flat_fields(kind)}
    module = runpy.run_path(str(ROOT / "launch" / "picking_launch.py"))
    assert set(module["PARAMETERS"]) <= ours
    replay = next(item for item in described("replay_launch.py") if isinstance(item, standin.Node))
    given = {name for block in replay.given["parameters"] for name in block}
    assert given - {"use_sim_time"} <= {name for name, _ in flat_fields(ReplayConfig)}


def test_what_holds_for_all_nodes_reaches_the_replay_and_the_picking_node() -> None:
    """namespace, use_sim_time and log_level: arguments that picking_launch.py knows, each passed on under its name."""
    entities = described("replay_launch.py")
    (include,) = [item for item in entities if type(item) is standin.Made]
    passed_on = {name: value.name for name, value in include.given["launch_arguments"]}
    assert (
        {"namespace", "use_sim_time", "log_level"}
        <= set(passed_on)
        <= set(arguments_of(described("picking_launch.py")))
    )
    assert all(name == value for name, value in passed_on.items())
    replay = next(item for item in entities if isinstance(item, standin.Node))
    assert replay.given["namespace"].name == "namespace"
    assert replay.given["ros_arguments"][1].name == "log_level"
    assert any("use_sim_time" in block for block in replay.given["parameters"])


def test_an_argument_wins_over_the_file_and_an_empty_one_does_not() -> None:
    node, context = picking_node(mode="on_demand", autostart="false", use_sim_time="true")
    file, overrides = node.given["parameters"]
    assert Path(file.perform(context)) == ROOT / "config" / "picking.yaml"
    assert overrides == {"mode": "on_demand", "autostart": False, "use_sim_time": True}


def test_every_topic_can_be_remapped() -> None:
    node, context = picking_node(points="/camera/points")
    remapped = {topic: new.perform(context) for topic, new in node.given["remappings"]}
    assert remapped["points"] == "/camera/points" and remapped["pick_result"] == "pick_result"
    assert set(remapped) == {"points", "depth/image_rect", "depth/camera_info", "pick_result"}


def test_files_that_are_named_are_there() -> None:
    entities = described("picking_launch.py") + described("replay_launch.py")
    named = [value for item in entities for value in (*getattr(item, "args", ()), *_values(item))]
    paths = [Path(value.perform({})) for value in named if isinstance(value, standin.PathJoinSubstitution)]
    assert {path.name for path in paths} == {"picking.yaml", "fastdds.xml", "picking.rviz", "picking_launch.py"}
    assert all(path.is_file() for path in paths)


def _values(item: Any) -> list[Any]:
    """Keyword arguments, those in lists and in nested actions too."""
    found: list[Any] = []
    for value in getattr(item, "given", {}).values():
        found += value if isinstance(value, list) else [value]
    for inner in getattr(item, "args", ()):
        if isinstance(inner, standin.Made):
            found += inner.args
    return found


def test_the_clouds_profile_is_set_unless_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def profiles() -> list[Any]:
        return [item for item in described("picking_launch.py") if type(item) is standin.Made]

    assert "FASTDDS_DEFAULT_PROFILES_FILE" in [item.args[0] for item in profiles()]
    monkeypatch.setenv("FASTDDS_DEFAULT_PROFILES_FILE", "mine.xml")
    assert "FASTDDS_DEFAULT_PROFILES_FILE" not in [item.args[0] for item in profiles()]


def test_rviz_shows_cloud_segments_grasps_and_markers() -> None:
    displays = yaml.safe_load((ROOT / "config" / "picking.rviz").read_text())["Visualization Manager"]["Displays"]
    topics = {item["Topic"]["Value"] for item in displays if "Topic" in item}
    assert topics == {
        "/points",
        "/picking_node/segments",
        "/picking_node/grasp_poses",
        "/picking_node/best_grasp",
        "/picking_node/markers",
    }
