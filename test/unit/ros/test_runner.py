from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import rclpy
from rclpy.node import Node

from srclib_ros.ros.runner import main, ros_arguments


@pytest.mark.parametrize(
    "value", ["", "it's", "true", "12", "a b; c", "on_demand", 0.0, 1e-5, 3, True, (1, 2.5, 3), (0.0, 0.0)]
)
def test_ros_reads_back_what_was_given(value: Any) -> None:
    context = rclpy.Context()
    rclpy.init(args=["--ros-args", *ros_arguments({"value": value})], context=context)
    node = Node("reader", context=context, automatically_declare_parameters_from_overrides=True)
    read = node.get_parameter("value").value
    node.destroy_node()
    rclpy.try_shutdown(context=context)
    if isinstance(value, tuple):
        assert list(read) == list(value)
    else:
        assert read == value and type(read) is type(value)


def test_arguments_in_the_order_that_lets_values_win_over_the_file() -> None:
    arguments = ros_arguments({"mode": "on_demand", "bin.pose": ()}, {"points": "cam"}, Path("cell.yaml"))
    assert arguments == ["--params-file", "cell.yaml", "-p", "mode:='on_demand'", "-r", "points:=cam"]


def test_an_unknown_node_names_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["grasping_node"])
    assert "picking_node" in capsys.readouterr().err
