"""A table of an experiment, as JSON for programs and as text for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from srclib_ros.artifact import write_atomic, write_json

SUMMARY = "summary.json"


@dataclass(frozen=True)
class Table:
    """columns: names, the first of them names the row. rows: values by column; one that is missing was not measured."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Mapping[str, Any]]
    notes: Sequence[str] = field(default_factory=tuple)

    def to_json(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "columns": list(self.columns),
            "rows": [dict(row) for row in self.rows],
            "notes": list(self.notes),
        }

    def to_text(self) -> str:
        """Markdown."""
        lines = [f"### {self.title}", ""]
        lines += ["| " + " | ".join(self.columns) + " |", "|" + "---|" * len(self.columns)]
        lines += ["| " + " | ".join(_cell(row.get(name)) for name in self.columns) + " |" for row in self.rows]
        return "\n".join([*lines, "", *self.notes, ""])


def write_summary(out: Path, experiment: str, meta: Mapping[str, Any], tables: Sequence[Table]) -> dict[str, Any]:
    """Write `summary.json` and `summary.md` into `out`; returns the former."""
    summary = {"experiment": experiment, **meta, "tables": [table.to_json() for table in tables]}
    write_json(out / SUMMARY, summary)
    text = "\n".join(table.to_text() for table in tables if table.rows)
    write_atomic(out / "summary.md", f"## {experiment}\n\n{text}".encode())
    return summary


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.2f}" if isinstance(value, float) else str(value)
