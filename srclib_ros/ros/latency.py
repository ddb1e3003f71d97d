"""How long a cloud takes through ROS: from publish to grasp_poses, the node in a process of its own."""

from __future__ import annotations

import itertools
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import rclpy
from geometry_msgs.msg import PoseArray
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile, QoSReliabilityPolicy
from sensor_msgs.msg import PointCloud2

from srclib_ros.errors import SrclibError
from srclib_ros.ros.convert import message_from_cloud, ns_to_stamp, stamp_to_ns
from srclib_ros.ros.environment import prepare_environment
from srclib_ros.ros.runner import NodeProcess, ros_arguments
from srclib_ros.types import Cloud

START_TIMEOUT_S = 30.0
LAST_ANSWER_S = 3.0
SETTLE_S = 0.3


class LatencyError(SrclibError):
    """The measurement could not be made."""


def measure_latency(
    clouds: Sequence[Cloud],
    parameters: Mapping[str, Any] | None = None,
    *,
    rate_hz: float = 10.0,
    count: int = 50,
    warm_up: int = 5,
    node: str = "picking_node",
) -> dict[str, Any]:
    """Publish `clouds` in turn at `rate_hz` and wait for the answer to each.

    parameters: of the picking node. node: as in `NodeProcess`. The first `warm_up` clouds are not counted.
    Returns median_ms and p95_ms from publish to the arrival of grasp_poses (None when nothing came back),
    sent, lost, and start_s: from starting the process to its being active. Raises LatencyError.
    """
    prepare_environment()
    context = rclpy.Context()
    rclpy.init(context=context)
    namespace = f"/latency_{os.getpid()}"
    started = time.perf_counter()
    try:
        with (
            tempfile.TemporaryFile("w+") as log,
            NodeProcess(node, ros_arguments(parameters, {"__ns": namespace}), output=log) as process,
        ):
            probe = _Probe(context, namespace, rate_hz)
            try:
                if not probe.wait_for_node(process):
                    log.seek(0)
                    raise LatencyError(f"{node} did not become active; its log ends with: {log.read()[-600:]}")
                start_s = time.perf_counter() - started
                probe.run(clouds, warm_up)
                sent_ns = probe.run(clouds, count)
            finally:
                probe.close()
    finally:
        rclpy.try_shutdown(context=context)
    latencies_ms = [
        (probe.answered_ns[stamp] - sent) / 1e6 for stamp, sent in sent_ns.items() if stamp in probe.answered_ns
    ]
    return {
        "median_ms": round(float(np.median(latencies_ms)), 2) if latencies_ms else None,
        "p95_ms": round(float(np.percentile(latencies_ms, 95)), 2) if latencies_ms else None,
        "sent": len(sent_ns),
        "lost": len(sent_ns) - len(latencies_ms),
        "rate_hz": rate_hz,
        "start_s": round(start_s, 2),
    }


class _Probe:
    """A camera and a robot in one: publishes clouds, notes when their poses come back."""

    def __init__(self, context: rclpy.Context, namespace: str, rate_hz: float) -> None:
        self._node = Node("latency_probe", namespace=namespace, context=context)
        self._period_s = 1.0 / rate_hz
        self._clouds = self._node.create_publisher(
            PointCloud2,
            "points",
            QoSProfile(depth=1, reliability=QoSReliabilityPolicy.BEST_EFFORT),
        )
        self._node.create_subscription(PoseArray, "picking_node/grasp_poses", self._on_poses, 10)
        self._executor = SingleThreadedExecutor(context=context)
        self._executor.add_node(self._node)
        self.answered_ns: dict[int, int] = {}

    def _on_poses(self, message: PoseArray) -> None:
        self.answered_ns[stamp_to_ns(message.header.stamp)] = time.perf_counter_ns()

    def wait_for_node(self, process: NodeProcess) -> bool:
        """Until the node is active: only then does it listen to clouds. False when that does not happen."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._clouds.get_subscription_count():
            if process.status is not None or time.monotonic() > deadline:
                return False
            self._executor.spin_once(timeout_sec=0.01)
        self._spin_until(time.monotonic() + SETTLE_S)
        return True

    def run(self, clouds: Sequence[Cloud], count: int) -> dict[int, int]:
        """{stamp of the cloud: when it was handed to the publisher, ns on the performance counter}."""
        sent_ns: dict[int, int] = {}
        messages = [message_from_cloud(replace(cloud, stamp_ns=0)) for cloud in clouds]
        for message in itertools.islice(itertools.cycle(messages), count):
            due = time.monotonic() + self._period_s
            stamp_ns = self._node.get_clock().now().nanoseconds
            message.header.stamp = ns_to_stamp(stamp_ns)
            sent_ns[stamp_ns] = time.perf_counter_ns()
            self._clouds.publish(message)
            self._spin_until(due)
        deadline = time.monotonic() + LAST_ANSWER_S
        while any(stamp not in self.answered_ns for stamp in sent_ns) and time.monotonic() < deadline:
            self._executor.spin_once(timeout_sec=0.05)
        return sent_ns

    def _spin_until(self, due: float) -> None:
        while (left := due - time.monotonic()) > 0:
            self._executor.spin_once(timeout_sec=left)

    def close(self) -> None:
        self._executor.shutdown()
        self._node.destroy_node()
