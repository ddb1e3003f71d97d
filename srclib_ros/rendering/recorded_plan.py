"""A plan as it was published, put back on the scene that it speaks of, so that it can be drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from srclib_ros.types import Grasp, GraspPlan, Match, Neighbour, RejectedGrasp, RejectReason, Scene, Verdict


def plan_of_record(record: Mapping[str, Any], scene: Scene) -> GraspPlan:
    """record: JSON of `plan_json`. scene: the same cloud, cut into the same segments.

    Of rejected grasps a record keeps the part and the reason alone, so they stand at the origin.
    """
    rejected = [
        RejectedGrasp(_nowhere(part["part"]), reason)
        for part in record["parts"]
        for reason in RejectReason
        for _ in range(int(part["rejected"].get(str(reason), 0)))
    ]
    return GraspPlan(
        scene,
        tuple(_match(part) for part in record["parts"]),
        (),
        tuple(_grasp(grasp) for grasp in record["grasps"]),
        tuple(rejected),
        Verdict(record["verdict"]),
        record["why"],
        record["stages_ms"],
        frozenset(part["part"] for part in record["parts"] if part["planner"] is None),
    )


def _match(part: Mapping[str, Any]) -> Match:
    neighbours: tuple[Neighbour, ...] = ()
    if part["nearest"] is not None:
        neighbours = (Neighbour(part["nearest"], part["cluster"], part["similarity"], float("nan")),)
    return Match(
        part["part"],
        neighbours,
        part["source"],
        part["scale"],
        part["identity"],
        part["suitable"],
        part["why"],
        part["expected_gain"],
        part["completeness"],
        bool(part["doubtful"]),
    )


def _grasp(grasp: Mapping[str, Any]) -> Grasp:
    return Grasp(
        np.array(grasp["T_bin_tcp"]),
        np.array(grasp["T_bin_pregrasp"]),
        grasp["width_m"],
        grasp["quality"],
        grasp["gripper"],
        grasp["part"],
        grasp["source"],
        grasp["candidate"],
        grasp["grasp_id"],
    )


def _nowhere(part: int) -> Grasp:
    return Grasp(np.eye(4), np.eye(4), 0.0, 0.0, "", part, None)
