"""The dendrogram of a library's parts: who is merged with whom, at which distance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from srclib_ros.library.entry import Entry
from srclib_ros.reporting.axis import ROW_PX, WIDTH_PX, Axis
from srclib_ros.reporting.markup import Markup, element, join
from srclib_ros.reporting.tree_labels import branch_tint, labels
from srclib_ros.types import Matrix

LINKAGE = "average"
ORDERED_UP_TO = 600  # parts; ordering the leaves takes the third power of them


def linkage_tree(distance: Matrix) -> Matrix:
    """(E - 1, 4) merges of (E, E) distances as scipy's `linkage` writes them, by average linkage; branches are turned
    so that neighbouring leaves are near (Bar-Joseph et al. 2001), up to `ORDERED_UP_TO` parts.
    """
    from scipy.cluster.hierarchy import linkage
    from scipy.spatial.distance import squareform

    if len(distance) < 2:
        return np.zeros((0, 4))
    merges: Matrix = linkage(
        squareform(distance, checks=False), LINKAGE, optimal_ordering=len(distance) <= ORDERED_UP_TO
    )
    return merges


def leaf_order(merges: Matrix) -> list[int]:
    """The parts from the first leaf to the last."""
    from scipy.cluster.hierarchy import leaves_list

    return [int(leaf) for leaf in leaves_list(merges)] if len(merges) else [0]


def dendrogram(merges: Matrix, order: Sequence[int], rows: Sequence[int], entries: Sequence[Entry]) -> Markup:
    """The tree from the root on the left to the named leaves on the right.

    merges, order: as of `linkage_tree` and `leaf_order`. rows: the entry that each part is.
    """
    axis = Axis(float(merges[:, 2].max()) if len(merges) else 1.0, reverse=True)
    count = len(order)
    height_px = count * ROW_PX
    y_px = np.zeros(count + len(merges))
    y_px[list(order)] = (np.arange(count) + 0.5) * ROW_PX
    at = np.concatenate((np.zeros(count), merges[:, 2]))
    clusters = [{entries[row].cluster} for row in rows]
    paths = []
    for number, (first, second) in enumerate(merges[:, :2].astype(int)):
        y_px[count + number] = (y_px[first] + y_px[second]) / 2
        clusters.append(clusters[first] | clusters[second])
        x_px = axis.x_px(at[count + number])
        line = (
            f"M{axis.x_px(at[first]):.1f} {y_px[first]:.1f}H{x_px:.1f}V{y_px[second]:.1f}H{axis.x_px(at[second]):.1f}"
        )
        said = element("title", f"{int(merges[number, 3])} parts at {at[count + number]:.3f}")
        paths.append(element("path", said, d=line, **branch_tint(clusters[-1], "branch")))
    drawn = join(axis.grid(height_px), *paths, labels(entries, [rows[leaf] for leaf in order]))
    tree = element("svg", drawn, class_="tree", width=WIDTH_PX, height=height_px)
    return element("div", axis.drawn("distance at which two branches are merged"), tree, class_="scroll", tabindex="0")
