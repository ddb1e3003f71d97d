"""The lifecycle node: clouds in, grasps out.

Four executor threads serve parameters, services, transforms and incoming messages; planning has a thread of its
own, which always takes the latest cloud.
"""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.msg import SetParametersResult
from rclpy.clock import Clock, ClockType
from rclpy.executors import ExternalShutdownException
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile, QoSReliabilityPolicy
from rclpy.qos_overriding_options import QoSOverridingOptions
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
from std_msgs.msg import Header, String
from std_srvs.srv import Trigger

from srclib_ros.config import PipelineConfig
from srclib_ros.errors import ConfigError, SrclibError, StaleCloudError
from srclib_ros.ros.convert import cloud_from_depth, cloud_from_message, stamp_to_ns
from srclib_ros.ros.diagnostics import Health
from srclib_ros.ros.environment import start_ros
from srclib_ros.ros.executor import MayWait, NodeExecutor
from srclib_ros.ros.frames import Frames
from srclib_ros.ros.outputs import Outputs
from srclib_ros.ros.params import NodeConfig, Settings, as_values, read_parameters
from srclib_ros.ros.pick_result import read_pick_result
from srclib_ros.ros.placement import place
from srclib_ros.ros.plan_requests import PlanRequests
from srclib_ros.ros.planner import Planner
from srclib_ros.ros.worker import LatestWorker
from srclib_ros.types import Cloud

LOG_AGAIN_S = 5.0


@dataclass(frozen=True)
class Capture:
    """A message that waits to be planned on, and how to make a cloud of it. received_s: on the monotonic clock."""

    header: Header
    to_cloud: Callable[[int], Cloud]
    received_s: float

    @property
    def stamp_ns(self) -> int:
        return stamp_to_ns(self.header.stamp)


class PickingNode(LifecycleNode):
    """See the interface table in the README for topics, services and parameters."""

    def __init__(self) -> None:
        """Raises ConfigError for a parameter that is unknown or out of its range."""
        super().__init__("picking_node")
        self.settings = Settings().override(read_parameters(self, NodeConfig, PipelineConfig))
        self.add_on_set_parameters_callback(self._check_parameters)
        self.add_post_set_parameters_callback(self._take_parameters)
        self._health = Health(self.get_name())
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self.create_timer(1.0, self._publish_diagnostics, clock=Clock(clock_type=ClockType.STEADY_TIME))
        self._requests = PlanRequests()
        self._planner: Planner | None = None
        self._frames: Frames | None = None
        self._worker: LatestWorker[Capture] | None = None
        self._inputs: list[Any] = []
        self._camera_info: CameraInfo | None = None
        self._logged_s: dict[str, float] = {}
        self._outputs = Outputs(self)
        self._create_services()

    def _create_services(self) -> None:
        for name, callback in (("~/plan", self._on_plan), ("~/reload_library", self._on_reload)):
            self.create_service(Trigger, name, callback, callback_group=MayWait())

    # Life cycle. rclpy swallows what a transition raises, so each says itself what went wrong.

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Opens the library; stays unconfigured, with the named error, when it cannot be trusted."""
        try:
            self._planner = Planner(self.settings.node.library, self.settings.pipeline)
            self._frames = self._frames or Frames(self)
        except Exception as error:
            self._report(_named(error))
            return TransitionCallbackReturn.FAILURE
        library = self._planner.library
        self.get_logger().info(f"library {library.name}, version {library.version}")
        self._health.state("inactive")
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._worker = LatestWorker(self._work, "planning")
        try:
            self._create_inputs()
        except Exception as error:
            named = _named(error)
            self.stop(f"the node could not be activated: {named.name}: {named}")
            self._report(named)
            return TransitionCallbackReturn.FAILURE
        self._requests.open()
        result = super().on_activate(state)
        self._worker.start()
        self._health.state("active")
        names = ", ".join(item.topic_name for item in self._inputs)
        self.get_logger().info(f"active, {self.settings.node.mode}, listening to {names}")
        return result

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        self.stop()
        self._health.state("inactive")
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._planner = None
        self._health.state("unconfigured")
        return super().on_cleanup(state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        self.stop()
        self._health.state("finalized")
        return super().on_shutdown(state)

    def autostart(self) -> None:
        """Configure and activate, as far as that goes."""
        if self.trigger_configure() == TransitionCallbackReturn.SUCCESS:
            self.trigger_activate()

    def _create_inputs(self) -> None:
        """Subscriptions, the sensor's first. Sensor QoS, latest only; `qos_overrides` parameters may say otherwise.

        Those made before one fails are in `_inputs`, for `stop` to destroy.
        """

        def listen(kind: Any, topic: str, callback: Callable[[Any], None]) -> None:
            subscription = self.create_subscription(
                kind,
                topic,
                callback,
                QoSProfile(depth=1, reliability=QoSReliabilityPolicy.BEST_EFFORT),
                qos_overriding_options=QoSOverridingOptions.with_default_policies(),
            )
            self._inputs.append(subscription)

        if self.settings.node.input == "points":
            listen(PointCloud2, "points", self._on_points)
        else:
            listen(Image, "depth/image_rect", self._on_depth)
            listen(CameraInfo, "depth/camera_info", self._on_camera_info)
        results = self.create_subscription(String, "pick_result", self._on_pick_result, 10, callback_group=MayWait())
        self._inputs.append(results)

    def stop(self, why: str = "the node was deactivated: activate it first") -> None:
        """Listen no more, let the plan in work finish, and tell everybody who waits for another one why."""
        inputs, self._inputs = self._inputs, []
        for item in inputs:
            self.destroy_subscription(item)
        if self._worker is not None:
            self._worker.stop()
            self._worker = None
        self._requests.close(why)

    # Parameters

    def _check_parameters(self, parameters: list[Parameter]) -> SetParametersResult:
        try:
            self.settings.override(as_values(parameters))
        except ConfigError as error:
            return SetParametersResult(successful=False, reason=f"{error.name}: {error}")
        return SetParametersResult(successful=True)

    def _take_parameters(self, parameters: list[Parameter]) -> None:
        self.settings = self.settings.override(as_values(parameters))

    # Messages in

    def _on_points(self, message: PointCloud2) -> None:
        self._offer(message.header, lambda max_points: cloud_from_message(message, max_points))

    def _on_camera_info(self, message: CameraInfo) -> None:
        self._camera_info = message

    def _on_depth(self, message: Image) -> None:
        info = self._camera_info
        if info is None:
            self.get_logger().warning("a depth image, but no depth/camera_info yet", throttle_duration_sec=LOG_AGAIN_S)
            return
        self._offer(message.header, lambda max_points: cloud_from_depth(message, info, max_points))

    def _offer(self, header: Header, to_cloud: Callable[[int], Cloud]) -> None:
        capture = Capture(header, to_cloud, time.monotonic())
        worker = self._worker
        if worker is not None and self._wanted(capture):
            worker.offer(capture)

    def _wanted(self, capture: Capture) -> bool:
        return self.settings.node.mode == "continuous" or self._requests.want(capture.stamp_ns)

    def _on_pick_result(self, message: String) -> None:
        try:
            result = read_pick_result(message.data)
        except SrclibError as error:
            self._report(error)
            return
        planner = self._planner
        if result.failed and planner is not None and not planner.remember_failure(result.grasp_id):
            self.get_logger().warning(f"pick_result: grasp {result.grasp_id!r} was not offered lately; not remembered")

    # Services

    def _on_plan(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        """success: a plan was made, be it without grasps; message: the plan, or the named error."""
        timeout_s = self.settings.node.plan_timeout_s
        request = self._requests.add(self._now_ns())
        if request.done.wait(timeout_s):
            response.success, response.message = request.success, request.message
            return response
        self._requests.withdraw(request)
        topics = ", ".join(item.topic_name for item in self._inputs)
        response.message = (
            f"no cloud stamped after the request was planned within plan_timeout_s = {timeout_s} s on {topics}: "
            "is the camera running, and its clock the same as this machine's?"
        )
        return response

    def _on_reload(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        planner = self._planner
        if planner is None:
            response.message = "the node is not configured: configure it, which opens the library"
            return response
        try:
            planner.reload(self.settings.node.library, self.settings.pipeline)
            library = planner.library
            response.success, response.message = True, f"library {library.name}, version {library.version}"
            self.get_logger().info(f"reloaded {response.message}")
        except Exception as error:
            named = _named(error)
            self._report(named)
            response.message = f"{named.name}: {named}; the library in use stays"
        return response

    # Planning, in the worker's thread

    def _work(self, capture: Capture) -> None:
        if not self._wanted(capture):
            return
        settings = self.settings
        try:
            plan = self._answer(capture, settings)
        except Exception as error:
            self._refuse(capture, settings.node.target_frame, _named(error))
        else:
            self._requests.answer(capture.stamp_ns, True, plan)

    def _answer(self, capture: Capture, settings: Settings) -> str:
        """Plan and publish; returns the plan as JSON."""
        planner = self._planner
        assert planner is not None and self._frames is not None
        self._refuse_stale(capture.stamp_ns, settings.node.max_age_s)
        start = time.perf_counter()
        cloud = capture.to_cloud(settings.pipeline.segmentation.max_points)
        cloud, placement, T_cloud_bin = place(cloud, settings, self._frames)
        converted = time.perf_counter()
        plan, made_with = planner.plan(cloud, settings.pipeline, T_cloud_bin)
        planned = time.perf_counter()
        self._refuse_stale(capture.stamp_ns, settings.node.max_age_s)
        message = self._outputs.publish(plan, placement, made_with)
        latencies_ms = {
            "convert": (converted - start) * 1e3,
            **plan.stages_ms,
            "plan": (planned - converted) * 1e3,
            "publish": (time.perf_counter() - planned) * 1e3,
            "total": (time.monotonic() - capture.received_s) * 1e3,
        }
        self._health.planned(f"{plan.verdict} ({len(plan.grasps)})", latencies_ms)
        return message

    def _refuse_stale(self, stamp_ns: int, max_age_s: float) -> None:
        age_s = (self._now_ns() - stamp_ns) / 1e9
        if max_age_s and abs(age_s) > max_age_s:
            when = f"{age_s:.1f} s old" if age_s > 0 else f"stamped {-age_s:.1f} s ahead of this node's clock"
            raise StaleCloudError(
                f"the cloud is {when}, max_age_s is {max_age_s}: mend the clocks, replay with stamps:=now, "
                "or set max_age_s to 0"
            )

    def _refuse(self, capture: Capture, target_frame: str, error: SrclibError) -> None:
        """No grasps for this cloud: say so on every channel, and live on."""
        self._report(error)
        self._outputs.refuse(capture.header, target_frame, error)
        self._requests.answer(capture.stamp_ns, False, f"{error.name}: {error}")

    # Health

    def _report(self, error: SrclibError) -> None:
        """The named error in the log (once in a while when it repeats) and in /diagnostics at once."""
        self._health.failed(error, self._now_ns())
        now_s = time.monotonic()
        if now_s - self._logged_s.get(error.name, -LOG_AGAIN_S) >= LOG_AGAIN_S:
            self._logged_s[error.name] = now_s
            self.get_logger().error(f"{error.name}: {error}")
            if isinstance(error, UnexpectedError):
                self.get_logger().error("".join(traceback.format_exception(error.__cause__)))
        self._publish_diagnostics()

    def _publish_diagnostics(self) -> None:
        facts: dict[str, object] = {"mode": self.settings.node.mode}
        worker, planner = self._worker, self._planner
        if worker is not None:
            facts |= {"received": worker.offered, "dropped": worker.dropped}
        if planner is not None:
            library = planner.library
            facts |= {"library": library.name, "library_version": library.version}
        self._diagnostics.publish(self._health.message(self._now_ns(), facts))

    def _now_ns(self) -> int:
        return int(self.get_clock().now().nanoseconds)


class UnexpectedError(SrclibError):
    """An error without a name of its own; its traceback is in the node's log."""


def _named(error: Exception) -> SrclibError:
    if isinstance(error, SrclibError):
        return error
    named = UnexpectedError(f"{type(error).__name__}: {error}; its traceback is in the node's log")
    named.__cause__ = error
    return named


def main(args: list[str] | None = None) -> int:
    """Entry point of the console script `picking_node`. Returns 2 when a parameter is refused."""
    try:
        start_ros(args)
        node = PickingNode()
    except ConfigError as error:
        rclpy.logging.get_logger("picking_node").fatal(f"{error.name}: {error}")
        rclpy.try_shutdown()
        return 2
    executor = NodeExecutor()
    executor.add_node(node)
    try:
        if node.settings.node.autostart:
            node.autostart()
        executor.spin()
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        executor.shutdown(timeout_sec=2.0)
        node.stop()
        node.destroy_node()
        rclpy.try_shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
