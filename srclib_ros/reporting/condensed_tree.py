"""HDBSCAN's condensed tree: which clusters there are at which density, and when each part falls out of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from srclib_ros.library.entry import Entry
from srclib_ros.reporting.axis import ROW_PX, WIDTH_PX, Axis
from srclib_ros.reporting.markup import Markup, element, join
from srclib_ros.reporting.tree_labels import branch_tint, labels
from srclib_ros.types import Matrix

_ENDLESS = 1.1  # of the largest finite density: where parts at one place are drawn to


@dataclass(frozen=True)
class Bar:
    """A stretch of density that some parts stay together for: rows first to last - 1 of the drawing.

    low, high: 1 / distance.
    """

    first: int
    last: int
    low: float
    high: float


class Link(NamedTuple):
    """`child` leaves `parent` at `density` (1 / distance) with `size` parts. A child below the number of parts is one
    of them; clusters are numbered from there on, the root first, each after its parent.
    """

    parent: int
    child: int
    density: float
    size: int


@dataclass(frozen=True)
class CondensedTree:
    """order: the parts, row below row. bars: what is drawn."""

    order: tuple[int, ...]
    bars: tuple[Bar, ...]


def condensed_tree(distance: Matrix, min_cluster_size: int, min_samples: int) -> CondensedTree | None:
    """HDBSCAN's hierarchy of (E, E) distances without what is smaller than `min_cluster_size` (Campello et al. 2013);
    None where there are too few parts for one.
    """
    from hdbscan import HDBSCAN

    if len(distance) <= max(min_cluster_size, min_samples):
        return None
    model = HDBSCAN(metric="precomputed", min_cluster_size=min_cluster_size, min_samples=min_samples)
    with np.errstate(divide="ignore"):
        links = model.fit(distance.copy()).condensed_tree_.to_numpy()
    return lay_out([Link(*link) for link in links.tolist()], len(distance))


def lay_out(links: Sequence[Link], count: int) -> CondensedTree:
    """Branches lie together, the larger first, and below them the parts that fell out before, the last first.

    links: of a tree of `count` parts, as hdbscan writes them.
    """
    most = _ENDLESS * max((link.density for link in links if np.isfinite(link.density)), default=1.0)
    born = {count: 0.0} | {link.child: link.density for link in links if link.child >= count}
    branches: dict[int, list[Link]] = {cluster: [] for cluster in born}
    fallen: dict[int, list[Link]] = {cluster: [] for cluster in born}
    for link in links:
        (branches if link.child >= count else fallen)[link.parent].append(link)
    members: dict[int, list[int]] = {}
    for cluster in sorted(born, reverse=True):
        large_first = sorted(branches[cluster], key=lambda link: (-link.size, link.child))
        last_first = sorted(fallen[cluster], key=lambda link: (-link.density, link.child))
        inner = [part for link in large_first for part in members[link.child]]
        members[cluster] = inner + [link.child for link in last_first]
    place = {part: row for row, part in enumerate(members[count])}
    bars = []
    for cluster in sorted(born):
        low = min(born[cluster], most)
        if branches[cluster]:
            first, inner_count = place[members[cluster][0]], sum(link.size for link in branches[cluster])
            bars.append(Bar(first, first + inner_count, low, min(branches[cluster][0].density, most)))
        bars += [
            Bar(place[link.child], place[link.child] + 1, low, min(link.density, most)) for link in fallen[cluster]
        ]
    return CondensedTree(tuple(members[count]), tuple(bars))


def drawn_tree(tree: CondensedTree, entries: Sequence[Entry]) -> Markup:
    """The tree from the whole library on the left to its densest clusters on the right."""
    axis = Axis(max(bar.high for bar in tree.bars))
    height_px = len(tree.order) * ROW_PX
    rects = []
    for bar in tree.bars:
        clusters = {entries[part].cluster for part in tree.order[bar.first : bar.last]}
        who = f"{bar.last - bar.first} parts" if bar.last - bar.first > 1 else entries[tree.order[bar.first]].name
        rects.append(
            element(
                "rect",
                element("title", f"{who}: together from 1/distance {bar.low:.2f} to {bar.high:.2f}"),
                x=axis.x_px(bar.low),
                width=max(axis.x_px(bar.high) - axis.x_px(bar.low), 0.5),
                y=bar.first * ROW_PX,
                height=(bar.last - bar.first) * ROW_PX,
                **branch_tint(clusters, "bar"),
            )
        )
    drawn = join(axis.grid(height_px), *rects, labels(entries, tree.order))
    picture = element("svg", drawn, class_="tree", width=WIDTH_PX, height=height_px)
    return element("div", axis.drawn("density: 1 / distance"), picture, class_="scroll", tabindex="0")
