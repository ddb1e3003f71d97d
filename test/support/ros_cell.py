"""A cell for node tests: the node in a process of its own, and this process as camera, robot and operator."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseArray, PoseStamped
from lifecycle_msgs.srv import ChangeState, GetState
from rcl_interfaces.srv import DescribeParameters, GetParameters, SetParameters
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import QoSDurabilityPolicy, QoSProfile
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import String
from std_srvs.srv import Trigger

from srclib_ros.ros.convert import message_from_cloud, ns_to_stamp, stamp_to_ns
from srclib_ros.ros.environment import prepare_environment
from srclib_ros.ros.runner import NodeProcess, ros_arguments
from srclib_ros.types import Cloud

FAKE_PICKING_NODE = str(Path(__file__).with_name("fake_pipeline.py"))
PATIENCE_S = 20.0
TRIES = 4
LATCHED = QoSProfile(depth=1, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)
BIN_POSE = (0.0, 0.0, 0.9, 1.0, 0.0, 0.0, 0.0)


def write_fake_library(folder: Path, version: str = "v1", plan_s: float = 0.0) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    manifest = {"name": "fake", "version": version, "code_version": "1.2.3", "plan_s": plan_s}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def part_cloud(part: bool = True) -> Cloud:
    """The floor of a bin 0.9 m below a camera, with or without a block of 4 cm on it."""
    grid = np.mgrid[-0.15:0.15:60j, -0.1:0.1:40j].transpose(2, 1, 0).astype(np.float32)
    xyz = np.dstack((grid, np.full(grid.shape[:2], 0.9, np.float32)))
    if part:
        xyz[15:25, 25:35, 2] = 0.86
    return Cloud(xyz, "camera")


class Cell:
    """Everything that arrives from the node is kept in order in `poses`, `plans`, `models`, `diagnostics`."""

    def __init__(
        self, log: Path, parameters: Mapping[str, Any], node: str = FAKE_PICKING_NODE, params_file: Path | None = None
    ) -> None:
        prepare_environment()
        # A domain of its own: other nodes on this machine, and tests beside this one, are not heard.
        domain = 20 + os.getpid() % 80
        environment = os.environ | {"ROS_DOMAIN_ID": str(domain), "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}
        environment["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
        self.log_path = log
        self.domain = domain
        self.context = rclpy.Context()
        rclpy.init(context=self.context, domain_id=domain)
        self.node = Node("cell", context=self.context)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)
        self.poses: list[PoseArray] = []
        self.best: list[PoseStamped] = []
        self.plans: list[dict[str, Any]] = []
        self.models: list[dict[str, Any]] = []
        self.diagnostics: list[dict[str, str]] = []
        self.clouds = self.node.create_publisher(PointCloud2, "points", 10)
        self.results = self.node.create_publisher(String, "pick_result", 10)
        subscribe = self.node.create_subscription
        subscribe(PoseArray, "picking_node/grasp_poses", self.poses.append, 10)
        subscribe(PoseStamped, "picking_node/best_grasp", self.best.append, 10)
        subscribe(String, "picking_node/grasp_plan", lambda message: self.plans.append(json.loads(message.data)), 10)
        subscribe(DiagnosticArray, "/diagnostics", self._on_diagnostics, 10)
        with log.open("w") as output:
            self.process = NodeProcess(
                node, ros_arguments(parameters, params_file=params_file), output=output, environment=environment
            )

    def __enter__(self) -> Cell:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.process.stop()
        self.executor.shutdown()
        self.node.destroy_node()
        rclpy.try_shutdown(context=self.context)

    @property
    def log(self) -> str:
        return self.log_path.read_text()

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            values = {item.key: item.value for item in status.values}
            self.diagnostics.append(values | {"level": str(int.from_bytes(status.level)), "message": status.message})

    def until(self, holds: Callable[[], Any], what: str, patience_s: float = PATIENCE_S) -> Any:
        """Spin until `holds()` is true, and return it. Raises TimeoutError; AssertionError when the node has ended."""
        deadline = time.monotonic() + patience_s
        while not (value := holds()):
            assert self.process.status is None, f"the node ended with {self.process.status}: {self.log}"
            if time.monotonic() > deadline:
                raise TimeoutError(f"waited in vain for {what}; the node's log: {self.log}")
            self.executor.spin_once(timeout_sec=0.02)
        return value

    def spin(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.executor.spin_once(timeout_sec=0.01)

    def wait_active(self) -> Cell:
        self.until(self.clouds.get_subscription_count, "the node to listen")
        self.until(lambda: self.node.count_publishers("picking_node/grasp_poses"), "the node's topics")
        self.spin(0.3)
        return self

    def now_ns(self) -> int:
        return int(self.node.get_clock().now().nanoseconds)

    def show(self, cloud: Cloud | PointCloud2, stamp_ns: int | None = None) -> int:
        """Publish a cloud, stamped now unless told otherwise; returns its stamp."""
        message = message_from_cloud(cloud) if isinstance(cloud, Cloud) else cloud
        stamp_ns = self.now_ns() if stamp_ns is None else stamp_ns
        message.header.stamp = ns_to_stamp(stamp_ns)
        self.clouds.publish(message)
        return stamp_ns

    def poses_of(self, stamp_ns: int) -> PoseArray:
        found = lambda: [item for item in self.poses if stamp_to_ns(item.header.stamp) == stamp_ns]  # noqa: E731
        return self.until(found, "grasp_poses")[0]

    def plan_of(self, stamp_ns: int, patience_s: float = PATIENCE_S) -> dict[str, Any]:
        found = lambda: [item for item in self.plans if item["stamp_ns"] == stamp_ns]  # noqa: E731
        plan: dict[str, Any] = self.until(found, "grasp_plan", patience_s)[0]
        return plan

    def answer_to(self, cloud: Cloud | PointCloud2, stamp_ns: int | None = None) -> dict[str, Any]:
        """The plan for a cloud, which is shown again where nothing comes back: the node listens with best effort."""
        for _ in range(TRIES):
            shown_ns = self.show(cloud, stamp_ns)
            with suppress(TimeoutError):
                return self.plan_of(shown_ns, PATIENCE_S / TRIES)
        return self.plan_of(shown_ns)

    def listened_to(self) -> set[str]:
        """Topics that the picking node subscribes to, as a newcomer sees it.

        Fast DDS may go on counting a reader that lived for milliseconds only where its birth and death were heard.
        """
        context = rclpy.Context()
        rclpy.init(context=context, domain_id=self.domain)
        newcomer = Node("newcomer", context=context)
        self.until(lambda: newcomer.count_publishers("picking_node/grasp_poses"), "the newcomer to see the node")
        self.spin(0.5)
        heard = newcomer.get_subscriber_names_and_types_by_node("picking_node", "/")
        newcomer.destroy_node()
        rclpy.try_shutdown(context=context)
        return {name for name, _ in heard}

    def latched_models(self) -> list[dict[str, Any]]:
        """What a subscriber that comes late is told by ~/selected_model."""
        heard: list[dict[str, Any]] = []
        late = self.node.create_subscription(
            String, "picking_node/selected_model", lambda message: heard.append(json.loads(message.data)), LATCHED
        )
        self.until(lambda: heard, "the latched model")
        self.node.destroy_subscription(late)
        return heard

    def ask(self, kind: Any, name: str, request: Any) -> Any:
        """A future: spin with `until(future.done, ...)`."""
        client = self.node.create_client(kind, f"picking_node/{name}")
        self.until(client.service_is_ready, name)
        return client.call_async(request)

    def call(self, kind: Any, name: str, request: Any) -> Any:
        future = self.ask(kind, name, request)
        self.until(future.done, f"the answer of {name}")
        return future.result()

    def trigger(self, name: str) -> Trigger.Response:
        return self.call(Trigger, name, Trigger.Request())

    def set_parameter(self, name: str, value: Any) -> Any:
        request = SetParameters.Request(parameters=[Parameter(name, value=value).to_parameter_msg()])
        return self.call(SetParameters, "set_parameters", request).results[0]

    def get_parameter(self, name: str) -> Any:
        return self.call(GetParameters, "get_parameters", GetParameters.Request(names=[name])).values[0]

    def describe(self, name: str) -> Any:
        request = DescribeParameters.Request(names=[name])
        return self.call(DescribeParameters, "describe_parameters", request).descriptors[0]

    def state(self) -> str:
        return str(self.call(GetState, "get_state", GetState.Request()).current_state.label)

    def change_state(self, transition: str) -> bool:
        request = ChangeState.Request()
        request.transition.label = transition
        return bool(self.call(ChangeState, "change_state", request).success)
