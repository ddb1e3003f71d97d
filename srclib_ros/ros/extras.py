"""The same answer in vision_msgs and moveit_msgs, where a ROS installation has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from srclib_ros.geometry.transforms import make_transform
from srclib_ros.ros.convert import matrix_to_pose
from srclib_ros.ros.placement import Placement
from srclib_ros.types import GraspPlan


class Extras:
    """`~/detections` (vision_msgs/Detection3DArray) and `~/moveit_grasp` (moveit_msgs/Grasp, the best one)."""

    def __init__(self, create_publisher: Callable[[Any, str], Any]) -> None:
        """create_publisher: of a message type and a topic name."""
        self._outputs: list[tuple[Any, Callable[[GraspPlan, Placement], Any]]] = []
        try:
            from vision_msgs.msg import Detection3DArray

            self._outputs.append((create_publisher(Detection3DArray, "~/detections"), detections))
        except ImportError:
            pass
        try:
            from moveit_msgs.msg import Grasp

            self._outputs.append((create_publisher(Grasp, "~/moveit_grasp"), moveit_grasp))
        except ImportError:
            pass

    def publish(self, plan: GraspPlan, placement: Placement) -> None:
        for publisher, build in self._outputs:
            if publisher.get_subscription_count() and (message := build(plan, placement)) is not None:
                publisher.publish(message)


def detections(plan: GraspPlan, placement: Placement) -> Any:
    """One detection a part: its box along the bin's axes, and the source with its similarity as hypothesis."""
    from vision_msgs.msg import Detection3D, Detection3DArray, ObjectHypothesisWithPose

    message = Detection3DArray(header=placement.header)
    T_frame_bin = placement.T_frame_bin(plan)
    by_part = {match.segment: match for match in plan.matches}
    for part in plan.scene.segments:
        low, high = part.points_bin.min(axis=0), part.points_bin.max(axis=0)
        detection = Detection3D(header=placement.header, id=str(part.label))
        detection.bbox.center = matrix_to_pose(T_frame_bin @ make_transform(np.eye(3), (low + high) / 2))
        size = (high - low).tolist()
        detection.bbox.size.x, detection.bbox.size.y, detection.bbox.size.z = size
        match = by_part.get(part.label)
        if match is not None and match.source is not None:
            result = ObjectHypothesisWithPose()
            result.hypothesis.class_id, result.hypothesis.score = match.source, float(match.nearest.similarity)
            result.pose.pose = detection.bbox.center
            detection.results.append(result)
        message.detections.append(detection)
    return message


def moveit_grasp(plan: GraspPlan, placement: Placement) -> Any:
    """The best grasp; None when there is none."""
    from moveit_msgs.msg import Grasp

    if not plan.grasps:
        return None
    best = plan.grasps[0]
    message = Grasp(id=best.grasp_id, grasp_quality=float(best.quality))
    message.grasp_pose.header = placement.header
    message.grasp_pose.pose = matrix_to_pose(placement.T_frame_tool(plan, best.T_bin_tcp))
    approach = message.pre_grasp_approach
    approach.direction.header = placement.header
    direction = (placement.T_frame_bin(plan) @ best.T_bin_tcp)[:3, 2].tolist()
    approach.direction.vector.x, approach.direction.vector.y, approach.direction.vector.z = direction
    length_m = float(np.linalg.norm(best.T_bin_tcp[:3, 3] - best.T_bin_pregrasp[:3, 3]))
    approach.desired_distance = approach.min_distance = length_m
    return message
