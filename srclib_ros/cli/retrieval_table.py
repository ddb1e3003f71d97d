"""Retrieval figures, as JSON, printed as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from srclib_ros.cli.circumstances import told
from srclib_ros.cli.table import format_table

KINDS = ("full", "partial", "occluded", "segmented", "segmented_all", "segmented_whole")


def report(result: Mapping[str, Any]) -> str:
    """The figures as tables: a row for the encoder and for each baseline, a column for each kind of query."""
    rows = {"encoder": result, **result["baselines"]}
    kinds = [kind for kind in KINDS if kind in result]
    others = [(name, key) for name, key in _SINGLE if name in result]
    headings = ["", *kinds, *(name for name, _ in others)]
    queries = ", ".join(f"{result[kind]['queries']} {kind}" for kind in kinds)
    lines = [f"{result['parts']} parts; queries: {queries}"]
    if result["near_duplicates"]:
        names = ", ".join(result["near_duplicates"])
        lines.append(f"{len(result['near_duplicates'])} left out as near-duplicates of training parts: {names}")
    for title, inside in (("with metric size", None), ("scale-free", "scale_free")):
        lines += ["", f"{title}: top-1 / top-5 of queries; top-1 of category; AUROC of identity and suitability"]
        table = [[name, *_cells(_inside(row, inside), kinds, others)] for name, row in rows.items()]
        lines.append(format_table(headings, table, set(headings[1:])))
    for name, title in (("with_size", "with metric size"), ("scale_free", "scale-free")):
        merging = result["merging"][name]
        lines.append(f"{merging['parts_merged']} parts are alike within the camera's noise, {title}")
    lines += ["", "top-1 with these merged, with size / scale-free"]
    table = [[name, *(_merged(row[kind]) for kind in kinds)] for name, row in rows.items()]
    lines.append(format_table(["", *kinds], table, set(kinds)))
    if result["piles"] is not None:
        lines += ["", _piles(result["piles"])]
    low, high = result["partial"]["top1_ci95"]
    lines.append(f"95 % interval of the encoder's partial top-1, drawn over parts: {low:.2f} to {high:.2f}")
    times = [[name, f"{row['encode_15_ms']:.1f}", f"{row['encode_15_p95_ms']:.1f}"] for name, row in rows.items()]
    headings = ["encoding 15 partial views", "median ms", "p95 ms"]
    lines += ["", format_table(headings, times, set(headings[1:])), "", told(result)]
    return "\n".join(lines)


_SINGLE = (("category", "top1"), ("identity", "auroc"), ("suitability", "auroc"))


def _inside(row: Mapping[str, Any], key: str | None) -> dict[str, Any]:
    names = [*KINDS, *(name for name, _ in _SINGLE)]
    return {name: row[name] if key is None else row[name][key] for name in names if name in row}


def _cells(row: Mapping[str, Any], kinds: Sequence[str], others: Sequence[tuple[str, str]]) -> list[str]:
    found = [f"{row[kind]['top1']:.2f} / {row[kind]['top5']:.2f}" for kind in kinds]
    return found + [f"{row[name][key]:.2f}" for name, key in others]


def _merged(figures: Mapping[str, Any]) -> str:
    return f"{figures['merged']['top1']:.2f} / {figures['scale_free']['merged']['top1']:.2f}"


def _piles(counts: Mapping[str, int]) -> str:
    left_out = {
        "too small": counts["parts_too_small"],
        "too large": counts["parts_too_large"],
        "without physics": counts["parts_without_physics"],
    }
    told = "".join(f", {count} {why}" for why, count in left_out.items() if count)
    hulls = f" ({counts['parts_as_hull']} as their hulls)" if counts["parts_as_hull"] else ""
    return (
        f"{counts['piles']} piles of {counts['parts_dropped']} parts{hulls}{told}: {counts['segments']} segments of "
        f"{counts['instances']} instances, {counts['mostly_bin']} mostly bin, {counts['impure']} of no one part, "
        f"{counts['doubtful']} doubted to be one whole part ({counts['doubtful_in_error']} wrongly), which the cell "
        "does not ask about"
    )
