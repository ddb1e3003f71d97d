"""The map of the embedding space: a mark a part."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from srclib_ros.library.entry import NOISE, Entry
from srclib_ros.reporting.markup import Attribute, Markup, element, tint
from srclib_ros.types import Matrix

WIDTH_PX, HEIGHT_PX, MARGIN_PX = 1200.0, 680.0, 36.0
_PART_PX, _REPRESENTATIVE_PX = 6.0, 9.0  # radius of a mark, while there is room for it
_ROOMY_UP_TO = 300  # parts
_NUMBERED = 100  # of the clusters, the largest


def part_map(xy: Matrix, entries: Sequence[Entry]) -> Markup:
    """xy: (E, 2). Parts are joined to the representative of their cluster, whose number stands beside it where it is
    one of the `_NUMBERED` largest.
    """
    xy_px = _on_page(xy)
    medoids = {entry.cluster: row for row, entry in enumerate(entries) if entry.is_representative}
    spokes = [
        _spoke(xy_px[row], xy_px[medoids[entry.cluster]], entry.cluster)
        for row, entry in enumerate(entries)
        if entry.cluster in medoids and medoids[entry.cluster] != row
    ]
    back_first = sorted(range(len(entries)), key=lambda row: (entries[row].is_representative, row))
    radius_scale = float(np.clip(math.sqrt(_ROOMY_UP_TO / max(len(entries), 1)), 0.4, 1.0))
    marks = [_mark(xy_px[row], entries[row], row, radius_scale) for row in back_first]
    sizes = Counter(entry.cluster for entry in entries if entry.cluster in medoids)
    numbers = [_number(xy_px[medoids[cluster]], cluster) for cluster, _ in sizes.most_common(_NUMBERED)]
    return element(
        "svg",
        element("g", *spokes),
        element("g", *marks, class_="marks"),
        element("g", *numbers),
        id="part-map",
        viewBox=f"0 0 {WIDTH_PX:.0f} {HEIGHT_PX:.0f}",
        role="group",
        aria_label="Map of the parts; the arrow keys move from part to part",
    )


def legend() -> Markup:
    """What the marks mean."""
    kinds = (
        (tint(1, "mark"), False, "part, coloured by its cluster"),
        (tint(1, "mark", "representative"), False, "representative of its cluster, with the cluster's number"),
        (tint(1, "mark"), True, "square: has a grasp network"),
        (tint(NOISE, "mark"), False, "in no cluster"),
    )
    samples = (
        element("span", element("svg", _shape(9, 9, 6, square, look), class_="key"), text)
        for look, square, text in kinds
    )
    return element("p", *samples, class_="legend")


def _on_page(xy: Matrix) -> Matrix:
    """Both axes by one factor, centred."""
    low, high = xy.min(axis=0), xy.max(axis=0)
    room_px = np.array([WIDTH_PX, HEIGHT_PX]) - 2 * MARGIN_PX
    spread = np.maximum(high - low, 1e-9 * max(float((high - low).max()), 1e-9))
    factor = float((room_px / spread).min())
    if not float((high - low).max()) > 0:
        factor = 0.0
    on_page: Matrix = (xy - (low + high) / 2) * factor * [1, -1] + np.array([WIDTH_PX, HEIGHT_PX]) / 2
    return on_page


def _spoke(part_px: Matrix, medoid_px: Matrix, cluster: int) -> Markup:
    (x1, y1), (x2, y2) = part_px.tolist(), medoid_px.tolist()
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, **tint(cluster, "spoke"))


def _mark(at_px: Matrix, entry: Entry, row: int, scale: float) -> Markup:
    radius_px = scale * (_REPRESENTATIVE_PX if entry.is_representative else _PART_PX)
    look = tint(entry.cluster, "mark", *(("representative",) if entry.is_representative else ()))
    x, y = at_px.tolist()
    more: dict[str, Attribute] = {"data_part": str(row), "tabindex": "-1", "role": "img", "aria_label": entry.name}
    return _shape(x, y, radius_px, entry.model is not None, look | more)


def _shape(x: float, y: float, radius_px: float, square: bool, attributes: dict[str, Attribute]) -> Markup:
    if square:
        side_px = 1.8 * radius_px
        return element("rect", x=x - side_px / 2, y=y - side_px / 2, width=side_px, height=side_px, **attributes)
    return element("circle", cx=x, cy=y, r=radius_px, **attributes)


def _number(at_px: Matrix, cluster: int) -> Markup:
    x, y = at_px.tolist()
    return element("text", str(cluster), x=x + 11, y=y - 8, class_="cluster-number")
