"""Whose network answers for each entry of a library."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from srclib_ros.library.clustering import Parts
from srclib_ros.library.clustering.many import Labels, members_of
from srclib_ros.library.entry import NOISE
from srclib_ros.library.store import Library
from srclib_ros.reporting.apart import apart


def answering(library: Library, parts: Parts) -> list[int | None]:
    """Of each entry the row of the source that answers for it, as `library.selection` chooses: itself where it has a
    network, else the nearest member of its cluster that has one; None where there is none.
    """
    sources = {cluster: rows[library.with_model[rows]] for cluster, rows in members_of(library.clusters).items()}
    return [_source(library, parts, row, sources) for row in range(len(library.entries))]


def _source(library: Library, parts: Parts, row: int, sources: Mapping[int, Labels]) -> int | None:
    """sources: cluster -> rows of its members that have a network."""
    if library.with_model[row]:
        return row
    cluster = int(library.clusters[row])
    members = sources[cluster]
    if cluster == NOISE or not len(members):
        return None
    return int(members[np.argmin(apart(parts, row, members))])
