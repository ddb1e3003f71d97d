"""A plan, as JSON, printed as a table of picks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

_HEADINGS = (
    "part",
    "resembles",
    "cluster",
    "similar",
    "answered by",
    "grasps",
    "best: x y z, tilt",
    "width",
    "quality",
)
_RIGHT = {"part", "cluster", "similar", "grasps", "width", "quality"}


def pick_table(plan: Mapping[str, Any], true_names: Mapping[int, str] | None = None) -> str:
    """One line a part, in the order of their best grasps: who answers for it, how alike, what is offered.

    true_names: {part: what really lies there}, where it is known; a column of its own.
    """
    best: dict[int, Mapping[str, Any]] = {}
    for grasp in plan["grasps"]:
        best.setdefault(grasp["part"], grasp)
    order = {part: rank for rank, part in enumerate(best)}
    parts = sorted(plan["parts"], key=lambda part: (order.get(part["part"], len(order)), part["part"]))
    rows = [_row(part, best.get(part["part"])) for part in parts]
    if true_names is None:
        return format_table(_HEADINGS, rows, _RIGHT)
    rows = [[row[0], true_names.get(part["part"], "?"), *row[1:]] for part, row in zip(parts, rows, strict=True)]
    return format_table((_HEADINGS[0], "lies there", *_HEADINGS[1:]), rows, _RIGHT)


def plan_summary(plan: Mapping[str, Any]) -> str:
    """The verdict, why, and what was not offered, on one or two lines."""
    counts = f"{len(plan['parts'])} parts, {len(plan['grasps'])} grasps"
    total_ms = sum(plan["stages_ms"].values())
    lines = [f"{plan['verdict']}: {counts}, {total_ms:.0f} ms" + (f" ({plan['why']})" if plan["why"] else "")]
    if plan["rejected"]:
        reasons = ", ".join(f"{count} {reason}" for reason, count in plan["rejected"].items())
        lines.append(f"not offered: {reasons}")
    return "\n".join(lines)


def format_table(headings: Sequence[str], rows: Sequence[Sequence[str]], right: set[str] | frozenset[str]) -> str:
    """Columns as wide as they need to be, those named in `right` flush right."""
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    lines = [
        "  ".join(
            cell.rjust(width) if heading in right else cell.ljust(width)
            for cell, width, heading in zip(row, widths, headings, strict=True)
        ).rstrip()
        for row in (headings, ["-" * width for width in widths], *rows)
    ]
    return "\n".join(lines)


def _row(part: Mapping[str, Any], grasp: Mapping[str, Any] | None) -> list[str]:
    similarity, cluster = part["similarity"], part["cluster"]
    cells = [
        str(part["part"]),
        part["nearest"] or "-",
        "-" if cluster is None else str(cluster),
        "-" if similarity is None else f"{similarity:.2f}",
        _answerer(part),
        str(part["grasps"]),
    ]
    if grasp is None:
        return [*cells, _why_none(part), "-", "-"]
    T = grasp["T_bin_tcp"]
    tilt_deg = math.degrees(math.acos(max(-1.0, min(1.0, -T[2][2]))))
    x, y, z = (1000 * T[axis][3] for axis in range(3))
    return [
        *cells,
        f"{x:+4.0f} {y:+4.0f} {z:3.0f} mm {tilt_deg:3.0f} deg",
        f"{1000 * grasp['width_m']:.1f} mm",
        f"{grasp['quality']:.2f}",
    ]


def _why_none(part: Mapping[str, Any]) -> str:
    """What mostly speaks against the grasps of a part that has none to offer."""
    if part["planner"] is None and not part["rejected"]:
        return "-"
    return "none: " + next(iter(part["rejected"]), "nothing to hold it by")


def _answerer(part: Mapping[str, Any]) -> str:
    """The source whose network answers, or the model-free planner, and why a source's network does not."""
    if part["planner"] == "network":
        return str(part["source"])
    last = part["planner"] or "passed over"
    if part["source"] is None:
        return f"{last} (doubtful)" if part["doubtful"] else last
    return f"{last} ({part['source']}: {'no free grasp' if part['posed'] else 'no pose'})"
