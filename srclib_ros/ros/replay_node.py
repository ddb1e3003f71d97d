"""Plays recorded clouds as PointCloud2: a rosbag2, or a folder of PCD, PLY, NPZ files or scene folders."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from pathlib import Path

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile, QoSReliabilityPolicy
from sensor_msgs.msg import PointCloud2

from srclib_ros.config import override
from srclib_ros.errors import CaptureError, SrclibError
from srclib_ros.ros.environment import start_ros
from srclib_ros.ros.params import ReplayConfig, read_parameters
from srclib_ros.ros.playback import Frame, frames

FOLDER_RATE_HZ = 1.0
POLL_S = 0.05
LINGER_S = 1.0


class ReplayNode(Node):
    """Publishes on `points`; the parameters say what, how fast and how often."""

    def __init__(self) -> None:
        """Raises ConfigError for a parameter that is unknown or out of its range."""
        super().__init__("replay_node")
        self.config = override(ReplayConfig(), read_parameters(self, ReplayConfig))
        self._due_s = 0.0
        self._points = self.create_publisher(
            PointCloud2, "points", QoSProfile(depth=5, reliability=QoSReliabilityPolicy.RELIABLE)
        )

    def play(self, stop: threading.Event) -> None:
        """Until the end, or `stop`; with `loop`, again and again. Raises CaptureError when there is nothing to play."""
        if not self.config.path or not Path(self.config.path).expanduser().exists():
            raise CaptureError(f"path {self.config.path!r}: not there; name a rosbag2, or a folder or file of captures")
        self._wait_for_subscribers(stop)
        self._due_s = time.monotonic()
        while not stop.is_set():
            published = self._play_once(stop)
            if not published and not stop.is_set():
                raise CaptureError(f"{self.config.path}: not one cloud of it could be played")
            self.get_logger().info(f"played {published} clouds of {self.config.path}")
            if not self.config.loop:
                stop.wait(LINGER_S)
                return

    def _wait_for_subscribers(self, stop: threading.Event) -> None:
        wanted = self.config.wait_for_subscribers
        if self._points.get_subscription_count() < wanted:
            self.get_logger().info(f"waiting for {wanted} subscriber(s) of {self._points.topic_name}")
        while self._points.get_subscription_count() < wanted and not stop.wait(POLL_S):
            pass

    def _play_once(self, stop: threading.Event) -> int:
        config = self.config
        published, previous_ns = 0, None
        for frame in frames(Path(config.path).expanduser(), config.topic, config.frame_id, self._report):
            if published:
                self._due_s += self._gap_s(previous_ns, frame.time_ns)
            if stop.wait(max(0.0, self._due_s - time.monotonic())):
                break
            self._publish(frame)
            previous_ns = frame.time_ns
            published += 1
        self._due_s += self._gap_s(None, None)
        return published

    def _gap_s(self, previous_ns: int | None, time_ns: int | None) -> float:
        if self.config.rate_hz:
            return 1.0 / self.config.rate_hz
        if previous_ns is None or time_ns is None:
            return 1.0 / FOLDER_RATE_HZ
        return max(0.0, (time_ns - previous_ns) / 1e9)

    def _publish(self, frame: Frame) -> None:
        """A file that does not say when it was recorded is stamped now in any case."""
        keep = self.config.stamps == "original" and frame.time_ns is not None
        self._points.publish(frame.message(None if keep else self.get_clock().now().nanoseconds))

    def _report(self, error: SrclibError) -> None:
        self.get_logger().error(f"{error.name}: {error}")


def main(args: list[str] | None = None) -> int:
    """Entry point of the console script `replay_node`. Returns 2 for a refused parameter, 1 for nothing to play."""
    stop = threading.Event()
    try:
        start_ros(args)
        rclpy.get_default_context().on_shutdown(stop.set)
        node = ReplayNode()
    except SrclibError as error:
        rclpy.logging.get_logger("replay_node").fatal(f"{error.name}: {error}")
        rclpy.try_shutdown()
        return 2
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    spinning = threading.Thread(target=_spin, args=(executor,), daemon=True)
    spinning.start()
    try:
        node.play(stop)
    except KeyboardInterrupt:
        pass
    except SrclibError as error:
        node.get_logger().fatal(f"{error.name}: {error}")
        return 1
    except RuntimeError:
        if rclpy.ok():  # else the context was shut down in the middle of a call
            raise
    finally:
        executor.shutdown(timeout_sec=2.0)
        spinning.join(2.0)
        node.destroy_node()
        rclpy.try_shutdown()
    return 0


def _spin(executor: SingleThreadedExecutor) -> None:
    with contextlib.suppress(KeyboardInterrupt, ExternalShutdownException):
        executor.spin()


if __name__ == "__main__":
    sys.exit(main())
