"""A grasp plan as the messages that the node publishes, in one frame and with one stamp."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from geometry_msgs.msg import PoseArray, PoseStamped
from std_msgs.msg import Header, String

from srclib_ros.errors import SrclibError
from srclib_ros.geometry.transforms import matrix_to_pose7
from srclib_ros.plan_json import SCHEMA, plan_to_json
from srclib_ros.ros.convert import make_header, matrix_to_pose
from srclib_ros.types import GraspPlan, Matrix


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


def grasp_poses(plan: GraspPlan, placement: Placement) -> PoseArray:
    """Best first; empty when there is none."""
    poses = [matrix_to_pose(placement.T_frame_tool(plan, grasp.T_bin_tcp)) for grasp in plan.grasps]
    return PoseArray(header=placement.header, poses=poses)


def best_grasp(plan: GraspPlan, placement: Placement) -> PoseStamped | None:
    if not plan.grasps:
        return None
    pose = matrix_to_pose(placement.T_frame_tool(plan, plan.grasps[0].T_bin_tcp))
    return PoseStamped(header=placement.header, pose=pose)


def plan_record(plan: GraspPlan, placement: Placement) -> dict[str, Any]:
    """The plan as JSON, and for each grasp, in PoseArray order, `pose` and `pregrasp_pose` in `frame_id`.

    Poses are x y z qx qy qz qw of the published tool frame; `T_bin_tcp` and `T_bin_pregrasp` stay the TCP's in
    the bin frame, which `T_cloud_bin` places in `cloud_frame_id`.
    """
    record = plan_to_json(plan)
    for entry, grasp in zip(record["grasps"], plan.grasps, strict=True):
        entry["pose"] = _pose7(placement.T_frame_tool(plan, grasp.T_bin_tcp))
        entry["pregrasp_pose"] = _pose7(placement.T_frame_tool(plan, grasp.T_bin_pregrasp))
    return record | {"cloud_frame_id": record["frame_id"], "frame_id": placement.frame_id}


def refusal_record(header: Header, stamp_ns: int, error: SrclibError) -> dict[str, Any]:
    """What stands in for a plan when the cloud could not be planned on: no grasps, and the error by name."""
    return {
        "schema": SCHEMA,
        "frame_id": header.frame_id,
        "cloud_frame_id": header.frame_id,
        "stamp_ns": stamp_ns,
        "verdict": "error",
        "error": error.name,
        "why": str(error),
        "grasps": [],
        "parts": [],
        "rejected": {},
        "stages_ms": {},
    }


def model_record(
    record: Mapping[str, Any], library: Mapping[str, Any], network: Callable[[str], Mapping[str, Any]]
) -> dict[str, Any]:
    """Which source answers: the best grasp's first, then every part's.

    record: of `plan_record`. library: its name and version. network: version and hash of a source's network.
    """
    by_part = {part["part"]: part for part in record["parts"]}
    leading = by_part.get(record["grasps"][0]["part"]) if record["grasps"] else next(iter(record["parts"]), None)
    kept = ("source", "cluster", "similarity", "expected_gain", "identity", "why")
    sources = sorted({part["source"] for part in record["parts"] if part["source"] is not None})
    return {
        "schema": SCHEMA,
        "stamp_ns": record["stamp_ns"],
        "library": dict(library),
        **{key: leading[key] if leading else None for key in kept},
        "network": dict(network(leading["source"])) if leading and leading["source"] else None,
        "networks": {source: dict(network(source)) for source in sources},
        "parts": [{key: part[key] for key in ("part", *kept)} for part in record["parts"]],
    }


def to_string(record: Mapping[str, Any]) -> String:
    return String(data=json.dumps(record, allow_nan=False))


def _pose7(T: Matrix) -> list[float]:
    return [round(value, 9) for value in matrix_to_pose7(T).tolist()]
