"""Names of parts beside the rows of a tree, and the colour that a branch has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from srclib_ros.library.entry import Entry
from srclib_ros.reporting.axis import MARGIN_PX, PLOT_PX, ROW_PX
from srclib_ros.reporting.markup import Attribute, Markup, element, join, tint


def labels(entries: Sequence[Entry], rows: Sequence[int]) -> Markup:
    """One name below the other: entry `rows[k]` in the k-th row."""
    return join(*(_label(entries[row], row, place) for place, row in enumerate(rows)))


def _label(entry: Entry, row: int, place: int) -> Markup:
    y_px = (place + 0.5) * ROW_PX
    dot = element("circle", cx=MARGIN_PX + PLOT_PX + 12, cy=y_px, r=4.5 if entry.is_representative else 3.5)
    marks = " ★" * entry.is_representative + " ■" * (entry.model is not None)
    text = element("text", entry.name + marks, x=MARGIN_PX + PLOT_PX + 22, y=y_px + 4)
    return element("g", dot, text, data_part=str(row), **tint(entry.cluster, "label"))


def branch_tint(clusters: Iterable[int], name: str) -> dict[str, Attribute]:
    """The colour of the one cluster that all leaves of a branch belong to; neutral where they are of several."""
    own = set(clusters)
    if len(own) == 1:
        return tint(own.pop(), name)
    return {"class_": f"{name} mixed"}
