"""A grasp plan as the messages that the node publishes, in one frame and with one stamp."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from geometry_msgs.msg import PoseArray, PoseStamped
from std_msgs.msg import Header, String

from srclib_ros.errors import SrclibError
from srclib_ros.geometry.transforms import matrix_to_pose7
from srclib_ros.plan_json import SCHEMA, plan_to_json
from srclib_ros.ros.convert import matrix_to_pose, stamp_to_ns
from srclib_ros.ros.placement import Placement
from srclib_ros.ros.planner import Provenance
from srclib_ros.types import GraspPlan, Matrix


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


def refusal_record(header: Header, cloud_frame_id: str, error: SrclibError) -> dict[str, Any]:
    """What stands in for a plan when the cloud could not be planned on: no grasps, and the error by name.

    header: the cloud's stamp, and the frame that grasps would have been published in.
    """
    return {
        "schema": SCHEMA,
        "frame_id": header.frame_id,
        "cloud_frame_id": cloud_frame_id,
        "stamp_ns": stamp_to_ns(header.stamp),
        "verdict": "error",
        "error": error.name,
        "why": str(error),
        "grasps": [],
        "parts": [],
        "rejected": {},
        "stages_ms": {},
    }


def model_record(record: Mapping[str, Any], made_with: Provenance | None) -> dict[str, Any]:
    """Which source answers: the best grasp's first, then every part's; where none does, nulls and `why`.

    record: of `plan_record`, or of `refusal_record` with made_with None.
    """
    by_part = {part["part"]: part for part in record["parts"]}
    leading = by_part.get(record["grasps"][0]["part"]) if record["grasps"] else next(iter(record["parts"]), None)
    kept = ("source", "cluster", "similarity", "expected_gain", "identity", "doubtful", "why")
    leading = leading or dict.fromkeys(kept) | {"why": record["why"]}
    library = {"name": made_with.library_name, "version": made_with.library_version} if made_with else None
    networks = {source: asdict(network) for source, network in made_with.networks.items()} if made_with else {}
    return {
        "schema": SCHEMA,
        "stamp_ns": record["stamp_ns"],
        "error": record.get("error"),
        "library": library,
        **{key: leading[key] for key in kept},
        "network": networks.get(leading["source"]),
        "networks": networks,
        "parts": [{key: part[key] for key in ("part", *kept)} for part in record["parts"]],
    }


def to_string(record: Mapping[str, Any]) -> String:
    return String(data=json.dumps(record, allow_nan=False))


def _pose7(T: Matrix) -> list[float]:
    return [round(value, 9) for value in matrix_to_pose7(T).tolist()]
