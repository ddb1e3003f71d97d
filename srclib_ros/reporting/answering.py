"""Whose network answers for each entry of a library."""

from __future__ import annotations

import numpy as np

from srclib_ros.library.clustering import Parts
from srclib_ros.library.entry import NOISE
from srclib_ros.library.store import Library
from srclib_ros.reporting.apart import apart


def answering(library: Library, parts: Parts) -> list[int | None]:
    """Of each entry the row of the source that answers for it, as `library.selection` chooses: itself where it has a
    network, else the nearest member of its cluster that has one; None where there is none.
    """
    return [_source(library, parts, row) for row in range(len(library.entries))]


def _source(library: Library, parts: Parts, row: int) -> int | None:
    if library.with_model[row]:
        return row
    members = np.flatnonzero((library.clusters == library.clusters[row]) & library.with_model)
    if library.clusters[row] == NOISE or not len(members):
        return None
    return int(members[np.argmin(apart(parts, row)[members])])
