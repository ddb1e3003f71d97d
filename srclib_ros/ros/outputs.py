"""The node's topics out: which message goes where, and which only when somebody listens."""

from __future__ import annotations

from typing import Any

from geometry_msgs.msg import PoseArray, PoseStamped
from rclpy.lifecycle import LifecycleNode
from rclpy.qos import QoSDurabilityPolicy, QoSProfile, QoSReliabilityPolicy
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Header, String
from visualization_msgs.msg import MarkerArray

from srclib_ros.errors import SrclibError
from srclib_ros.ros.answer import best_grasp, grasp_poses, model_record, plan_record, refusal_record, to_string
from srclib_ros.ros.convert import message_from_scene
from srclib_ros.ros.extras import Extras
from srclib_ros.ros.markers import plan_markers
from srclib_ros.ros.placement import Placement
from srclib_ros.ros.planner import Provenance
from srclib_ros.types import GraspPlan

RELIABLE = QoSProfile(depth=1, reliability=QoSReliabilityPolicy.RELIABLE)
LATCHED = QoSProfile(depth=1, reliability=QoSReliabilityPolicy.RELIABLE, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)


class Outputs:
    """Lifecycle publishers of one node: silent unless it is active."""

    def __init__(self, node: LifecycleNode) -> None:
        create = node.create_lifecycle_publisher
        self._poses = create(PoseArray, "~/grasp_poses", RELIABLE)
        self._best = create(PoseStamped, "~/best_grasp", RELIABLE)
        self._model = create(String, "~/selected_model", LATCHED)
        self._plan = create(String, "~/grasp_plan", RELIABLE)
        self._segments = create(PointCloud2, "~/segments", RELIABLE)
        self._markers = create(MarkerArray, "~/markers", RELIABLE)
        self._extras = Extras(lambda kind, topic: create(kind, topic, RELIABLE))

    def publish(self, plan: GraspPlan, placement: Placement, made_with: Provenance) -> str:
        """The grasps first, pictures only where somebody looks. Returns the plan as JSON.

        Every message is made before the first goes out: an error leaves no half of an answer behind.
        """
        record = plan_record(plan, placement)
        text = to_string(record)
        ready: list[tuple[Any, Any]] = [(self._poses, grasp_poses(plan, placement))]
        best = best_grasp(plan, placement)
        if best is not None:
            ready.append((self._best, best))
        ready += [(self._plan, text), (self._model, to_string(model_record(record, made_with)))]
        if self._segments.get_subscription_count():
            ready.append((self._segments, message_from_scene(plan.scene)))
        if self._markers.get_subscription_count():
            ready.append((self._markers, plan_markers(plan, made_with.gripper, placement, made_with.clearance_m)))
        for publisher, message in ready:
            publisher.publish(message)
        self._extras.publish(plan, placement)
        return str(text.data)

    def refuse(self, cloud: Header, target_frame: str, error: SrclibError) -> None:
        """No poses for this cloud, a plan that names the error, and no source that answers.

        target_frame: where poses are published; empty: in the cloud's frame.
        """
        header = Header(stamp=cloud.stamp, frame_id=target_frame or cloud.frame_id)
        record = refusal_record(header, cloud.frame_id, error)
        self._poses.publish(PoseArray(header=header))
        self._plan.publish(to_string(record))
        self._model.publish(to_string(model_record(record, None)))
