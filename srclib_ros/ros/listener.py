"""Hears what a picking node publishes, for programs that are no nodes themselves."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

import rclpy
from geometry_msgs.msg import PoseArray
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile, QoSReliabilityPolicy
from std_msgs.msg import String

from srclib_ros.errors import SrclibError
from srclib_ros.ros.convert import stamp_to_ns
from srclib_ros.ros.environment import prepare_environment
from srclib_ros.ros.runner import NodeProcess

RELIABLE = QoSProfile(depth=10, reliability=QoSReliabilityPolicy.RELIABLE)


class NodeDiedError(SrclibError):
    """A node ended before it had answered."""


class PlanListener:
    """Collects `grasp_plan` and the number of `grasp_poses` by the stamp of the cloud they answer."""

    def __init__(self, namespace: str = "", node: str = "picking_node") -> None:
        prepare_environment()
        self.plans: dict[int, dict[str, Any]] = {}
        self.poses: dict[int, int] = {}
        self._context = rclpy.Context()
        rclpy.init(context=self._context)
        self._node = Node("plan_listener", context=self._context)
        self._node.create_subscription(String, f"{namespace}/{node}/grasp_plan", self._on_plan, RELIABLE)
        self._node.create_subscription(PoseArray, f"{namespace}/{node}/grasp_poses", self._on_poses, RELIABLE)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)

    def __enter__(self) -> PlanListener:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._executor.shutdown()
        self._node.destroy_node()
        rclpy.try_shutdown(context=self._context)

    def listen(self, enough: Callable[[], bool], nodes: Sequence[NodeProcess], timeout_s: float) -> bool:
        """Until `enough()` is true; False after `timeout_s`. Raises NodeDiedError when one of `nodes` fails."""
        deadline = time.monotonic() + timeout_s
        while not enough():
            failed = next((node for node in nodes if node.status), None)
            if failed is not None:
                raise NodeDiedError(f"{failed.name} ended with status {failed.status}; its log tells why")
            if time.monotonic() > deadline:
                return False
            self._executor.spin_once(timeout_sec=0.1)
        return True

    def _on_plan(self, message: String) -> None:
        plan = json.loads(message.data)
        self.plans[plan["stamp_ns"]] = plan

    def _on_poses(self, message: PoseArray) -> None:
        self.poses[stamp_to_ns(message.header.stamp)] = len(message.poses)
