"""The node's topics out: which message goes where, and which only when somebody listens."""

from __future__ import annotations

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
from srclib_ros.ros.planner import Planner
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

    def publish(self, plan: GraspPlan, placement: Placement, planner: Planner) -> str:
        """The grasps first, pictures only where somebody looks. Returns the plan as JSON."""
        self._poses.publish(grasp_poses(plan, placement))
        best = best_grasp(plan, placement)
        if best is not None:
            self._best.publish(best)
        record = plan_record(plan, placement)
        message = to_string(record)
        self._plan.publish(message)
        library = {"name": planner.library.name, "version": planner.library.version}
        self._model.publish(to_string(model_record(record, library, planner.network)))
        if self._segments.get_subscription_count():
            self._segments.publish(message_from_scene(plan.scene))
        if self._markers.get_subscription_count():
            self._markers.publish(plan_markers(plan, planner.gripper, placement, planner.clearance_m))
        self._extras.publish(plan, placement)
        return str(message.data)

    def refuse(self, header: Header, error: SrclibError) -> None:
        """No poses for this cloud, and a plan that names the error."""
        self._poses.publish(PoseArray(header=header))
        self._plan.publish(to_string(refusal_record(header, error)))
