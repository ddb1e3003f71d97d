from __future__ import annotations

from typing import Any

import numpy as np

from srclib_ros.cli.table import format_table, pick_table, plan_summary


def part(label: int, source: str | None) -> dict[str, Any]:
    return {
        "part": label,
        "source": source,
        "doubtful": None,
        "nearest": "washer_m8",
        "cluster": 2,
        "similarity": 0.875,
        "planner": "network" if source == "hex_bolt_m8" else "model-free",
        "posed": label == 4,
        "grasps": 1,
        "rejected": {"outside the workspace": 4} if label == 3 else {},
    }


def grasp(label: int, tilt_rad: float) -> dict[str, Any]:
    c, s = np.cos(tilt_rad), np.sin(tilt_rad)
    T = np.array([[1, 0, 0, 0.01], [0, -c, s, 0.02], [0, -s, -c, 0.03], [0, 0, 0, 1]])
    return {"part": label, "T_bin_tcp": T.tolist(), "width_m": 0.0123, "quality": 0.5}


PLAN = {
    "grasps": [grasp(2, 0.0), grasp(1, np.pi / 6)],
    "parts": [part(1, "hex_bolt_m8"), part(2, None), part(3, "ring_40"), part(4, "ring_40")],
    "rejected": {"outside the workspace": 4},
    "verdict": "grasps",
    "why": "",
    "stages_ms": {"bin": 1.0, "segment": 9.0},
}


def test_columns_align() -> None:
    lines = format_table(("a", "bb"), [["1", "x"], ["100", "y"]], {"a"}).splitlines()
    assert lines == ["  a  bb", "---  --", "  1  x", "100  y"]


def test_picks_come_in_the_order_of_their_best_grasps() -> None:
    lines = pick_table(PLAN).splitlines()[2:]
    assert [line.split()[0] for line in lines] == ["2", "1", "3", "4"]
    assert "washer_m8" in lines[0]
    assert "model-free" in lines[0]


def test_a_pick_is_told_in_millimetres_and_degrees() -> None:
    line = pick_table(PLAN).splitlines()[3]
    for said in ("hex_bolt_m8", "0.88", "+10", "+20", "30 mm", "30 deg", "12.3 mm", "0.50"):
        assert said in line


def test_a_part_without_a_grasp_says_why() -> None:
    passed_over = PLAN | {"parts": [part(3, "ring_40"), part(4, None), part(5, None) | {"planner": None}], "grasps": []}
    outside, nowhere, last = pick_table(passed_over).splitlines()[2:]
    assert "none: outside the workspace" in outside
    assert "none: nothing to hold it by" in nowhere
    assert "passed over" in last and "none" not in last


def test_a_source_whose_network_found_nothing_is_named() -> None:
    assert "model-free (ring_40: no pose)" in pick_table(PLAN).splitlines()[4]
    assert "model-free (ring_40: no free grasp)" in pick_table(PLAN).splitlines()[5]


def test_a_doubtful_segment_is_named() -> None:
    seen = PLAN | {"parts": [part(2, None) | {"doubtful": True}]}
    assert "model-free (doubtful)" in pick_table(seen).splitlines()[2]


def test_true_names_are_a_column() -> None:
    lines = pick_table(PLAN, {1: "hex_bolt_m10"}).splitlines()
    assert "lies there" in lines[0]
    assert "hex_bolt_m10" in lines[3]


def test_the_summary_counts_what_was_not_offered() -> None:
    told = plan_summary(PLAN)
    assert "4 parts, 2 grasps, 10 ms" in told
    assert "4 outside the workspace" in told
