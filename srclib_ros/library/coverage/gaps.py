"""Where a library is thin: entries that no network answers for, or that nothing else is like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from srclib_ros.library.clustering.many import members_of
from srclib_ros.library.entry import NOISE
from srclib_ros.library.store import Library
from srclib_ros.types import Matrix


@dataclass(frozen=True)
class Unanswered:
    """Entries for which no network answers: a cluster without one, or an entry in no cluster.

    cluster: None for an entry by itself. train: whose network would answer for them all.
    """

    cluster: int | None
    train: str
    entries: tuple[str, ...]


@dataclass(frozen=True)
class Far:
    """An entry, and how far the nearest that counts lies; None where there is none."""

    entry: str
    nearest: str | None
    distance: float | None


def unanswered(library: Library) -> tuple[Unanswered, ...]:
    """Who would serve most first."""
    names = [entry.name for entry in library.entries]
    served = set(library.clusters[library.with_model].tolist()) - {NOISE}
    found = [
        Unanswered(None, names[row], (names[row],))
        for row in np.flatnonzero((library.clusters == NOISE) & ~library.with_model)
    ]
    for cluster, members in members_of(library.clusters).items():
        if cluster in served or cluster == NOISE:
            continue
        medoid = next((row for row in members if library.entries[row].is_representative), members[0])
        found.append(Unanswered(cluster, names[medoid], tuple(names[row] for row in members)))
    return tuple(sorted(found, key=lambda item: (-len(item.entries), item.train)))


def far(library: Library, nearest: npt.NDArray[np.int64], distance: Matrix, reach: float) -> tuple[Far, ...]:
    """Entries whose nearest lies beyond the reach, farthest first.

    nearest, distance: (E,) row of it and how far it lies, infinite where there is none.
    """
    rows = np.flatnonzero(distance > reach)
    found = [
        Far(library.entries[row].name, library.entries[nearest[row]].name, float(distance[row]))
        if np.isfinite(distance[row])
        else Far(library.entries[row].name, None, None)
        for row in rows
    ]
    return tuple(sorted(found, key=lambda item: (-(item.distance or 0.0), item.entry)))
