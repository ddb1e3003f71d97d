"""A grasp plan as JSON, the same for the command line, the ROS topic and tests."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from typing import Any

from srclib_ros.types import Grasp, GraspPlan, Match

SCHEMA = 1


def plan_to_json(plan: GraspPlan) -> dict[str, Any]:
    """`grasps` best first (4x4 rows, metres, bin frame), `parts`, `rejected` (reason to count; also each part's)."""
    offered = Counter(grasp.part for grasp in plan.grasps)
    networked = {grasp.part for grasp in plan.grasps if grasp.source is not None}
    fits = {pose.segment: pose.fit_m for pose in plan.poses}
    rejected: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for item in plan.rejected:
        rejected[item.grasp.part][str(item.reason)] += 1
    return {
        "schema": SCHEMA,
        "frame_id": plan.scene.cloud.frame_id,
        "stamp_ns": plan.scene.cloud.stamp_ns,
        "T_cloud_bin": plan.scene.bin.T_cloud_bin.tolist(),
        "verdict": str(plan.verdict),
        "why": plan.why,
        "grasps": [grasp_to_json(grasp) for grasp in plan.grasps],
        "parts": [
            match_to_json(match)
            | {
                "grasps": offered[match.segment],
                "planner": _planner(plan, match.segment, networked),
                "posed": match.segment in fits,
                "fit_m": _finite(fits.get(match.segment, math.nan)),
                "rejected": dict(rejected[match.segment].most_common()),
            }
            for match in plan.matches
        ],
        "rejected": dict(sum(rejected.values(), Counter())),
        "stages_ms": {name: round(value, 3) for name, value in plan.stages_ms.items()},
    }


def _planner(plan: GraspPlan, part: int, networked: set[int]) -> str | None:
    """Whose grasps are offered, or who looked last; None where the model-free planner passed the part over."""
    if part in networked:
        return "network"
    return None if part in plan.passed_over else "model-free"


def grasp_to_json(grasp: Grasp) -> dict[str, Any]:
    return {
        "grasp_id": grasp.grasp_id,
        "T_bin_tcp": grasp.T_bin_tcp.tolist(),
        "T_bin_pregrasp": grasp.T_bin_pregrasp.tolist(),
        "width_m": float(grasp.width_m),
        "quality": float(grasp.quality),
        "gripper": grasp.gripper,
        "part": grasp.part,
        "source": grasp.source,
        "candidate": grasp.candidate,
    }


def match_to_json(match: Match) -> dict[str, Any]:
    nearest = match.neighbours[0] if match.neighbours else None
    return {
        "part": match.segment,
        "source": match.source,
        "nearest": nearest.entry if nearest else None,
        "cluster": nearest.cluster if nearest else None,
        "similarity": float(nearest.similarity) if nearest else None,
        "scale": float(match.scale),
        "identity": match.identity,
        "suitable": match.suitable,
        "completeness": match.completeness,
        "doubtful": None if match.completeness is None else match.doubtful,
        "expected_gain": match.expected_gain,
        "why": match.why,
    }


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
