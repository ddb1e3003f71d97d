"""Which frames a cloud's plan lives in: the sensor's, the bin's, and the one that grasps are published in."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from std_msgs.msg import Header

from srclib_ros.geometry.transforms import invert, pose7_to_matrix
from srclib_ros.ros.convert import make_header
from srclib_ros.ros.frames import Frames, parse_extrinsics
from srclib_ros.ros.params import Settings
from srclib_ros.types import Cloud, GraspPlan, Matrix

_HERE = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)


@dataclass(frozen=True, eq=False)
class Placement:
    """Where published poses are stated: `frame_id` and the cloud's stamp, and which frame of the hand they show."""

    frame_id: str
    stamp_ns: int
    T_frame_cloud: Matrix = field(default_factory=lambda: np.eye(4))
    T_tcp_tool: Matrix = field(default_factory=lambda: np.eye(4))

    @property
    def header(self) -> Header:
        return make_header(self.frame_id, self.stamp_ns)

    def T_frame_bin(self, plan: GraspPlan) -> Matrix:
        return self.T_frame_cloud @ plan.scene.bin.T_cloud_bin

    def T_frame_tool(self, plan: GraspPlan, T_bin_tcp: Matrix) -> Matrix:
        return self.T_frame_bin(plan) @ T_bin_tcp @ self.T_tcp_tool


def place(cloud: Cloud, settings: Settings, frames: Frames) -> tuple[Cloud, Placement, Matrix | None]:
    """The cloud with its viewpoint, where to publish, and T_cloud_bin where `bin.frame_id` says so.

    Raises TransformError when a frame that the settings name cannot be reached.
    """
    node, here = settings.node, cloud.frame_id
    extrinsics = parse_extrinsics(node.extrinsics)

    def lookup(target: str, source: str) -> Matrix:
        return frames.lookup(target, source, cloud.stamp_ns, extrinsics, node.tf_timeout_s)

    if node.sensor_frame:
        cloud = replace(cloud, viewpoint=lookup(here, node.sensor_frame)[:3, 3])
    T_cloud_bin = None
    if node.bin.frame_id:
        T_cloud_bin = lookup(here, node.bin.frame_id) @ pose7_to_matrix(settings.pipeline.bin.pose or _HERE)
    target = node.target_frame or here
    T_tcp_tool = invert(pose7_to_matrix(node.tool_T_tcp or _HERE))
    return cloud, Placement(target, cloud.stamp_ns, lookup(target, here), T_tcp_tool), T_cloud_bin
