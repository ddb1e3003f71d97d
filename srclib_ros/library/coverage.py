"""Where a library is thin, and where it holds more than it needs.

Shape alone counts: networks transfer across sizes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from srclib_ros.library.clustering.clustering import mean_views, part_distances
from srclib_ros.library.clustering.many import MANY, nearest_two
from srclib_ros.library.entry import NOISE
from srclib_ros.library.packing import unpacked
from srclib_ros.library.search import Gallery
from srclib_ros.library.store import Library
from srclib_ros.types import Matrix

BY_MEANS = "who is nearest was found by one vector a part, the mean of its views; how far it lies is exact"
_BLOCK = 1_024


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


@dataclass(frozen=True)
class Twins:
    """Two entries as near as views of one part. size_ratio: of their diameters, the larger over the smaller.

    could_go: the one that would not be missed, but for its size; None where one of the two stands in for another.
    """

    one: str
    other: str
    distance: float
    size_ratio: float
    could_go: str | None
    why: str


@dataclass(frozen=True)
class Coverage:
    """reach: how far a useful source lies at most, by the suitability threshold. far_from_networks: entries whose
    nearest network lies beyond it; thin: whose nearest other entry does; farthest first. unanswered: who would serve
    most first. twins: nearest first. approximated: in words, or "".
    """

    reach: float
    unanswered: tuple[Unanswered, ...]
    far_from_networks: tuple[Far, ...]
    thin: tuple[Far, ...]
    twins: tuple[Twins, ...]
    approximated: str


def coverage(library: Library) -> Coverage:
    """What `srclib library LIB gaps` tells.

    Distances are `part_distances`; the suitability threshold as a distance is the square root of one minus its
    similarity. Views of one part are as near to each other as each view's nearest other view of it, in the mean; twins
    are as near as the looser of the two.
    """
    many = len(library.entries) > MANY
    near = _NearOfMany(library.gallery) if many else _Near(part_distances(library.gallery))
    reach = float(np.sqrt(max(1.0 - library.thresholds.suitability.similarity, 0.0)))
    networks = np.flatnonzero(library.with_model)
    return Coverage(
        reach=reach,
        unanswered=_unanswered(library),
        far_from_networks=_far(library, *near.nearest_of(networks), reach),
        thin=_far(library, *near.nearest_other(), reach),
        twins=_twins(library, near.pairs(own_spread(library.gallery))),
        approximated=BY_MEANS if many else "",
    )


def own_spread(gallery: Gallery) -> Matrix:
    """(E,) how far views of one part are from each other, in the measure of `part_distances`; 0 of a single view."""
    spread = np.zeros(len(gallery))
    for row, packed_views in enumerate(gallery.embeddings):
        views = unpacked(packed_views).astype(np.float64)
        if len(views) > 1:
            squared = np.maximum(1.0 - views @ views.T, 0.0)
            np.fill_diagonal(squared, np.inf)
            spread[row] = np.sqrt(squared.min(axis=1).mean())
    return spread


class _Near:
    """Neighbours by a whole matrix of distances."""

    def __init__(self, distance: Matrix) -> None:
        self._distance = distance

    def nearest_of(self, rows: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], Matrix]:
        """(E,) which of the rows is nearest, -1 where there are none, and how far."""
        if not len(rows):
            return np.full(len(self._distance), -1), np.full(len(self._distance), np.inf)
        among = self._distance[:, rows]
        return rows[among.argmin(axis=1)], among.min(axis=1)

    def nearest_other(self) -> tuple[npt.NDArray[np.int64], Matrix]:
        apart = self._distance + np.diag(np.full(len(self._distance), np.inf))
        return apart.argmin(axis=1), apart.min(axis=1)

    def pairs(self, spread: Matrix) -> list[tuple[float, int, int]]:
        """(distance, one, other) of those within the looser of their spreads, nearest first."""
        ones, others = np.nonzero(np.triu(self._distance <= np.maximum(spread[:, None], spread), 1))
        return sorted((float(self._distance[i, j]), int(i), int(j)) for i, j in zip(ones, others, strict=True))


class _NearOfMany:
    """Neighbours by one vector a part, in blocks; how far they lie, by all their views."""

    def __init__(self, gallery: Gallery) -> None:
        self._gallery = gallery
        self._x = mean_views(gallery)

    def nearest_of(self, rows: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], Matrix]:
        if not len(rows):
            return np.full(len(self._x), -1), np.full(len(self._x), np.inf)
        nearest = rows[nearest_two(self._x, self._x[rows])[0]]
        return nearest, self._apart(nearest)

    def nearest_other(self) -> tuple[npt.NDArray[np.int64], Matrix]:
        nearest = np.empty(len(self._x), np.int64)
        x = self._x.astype(np.float32)
        squares = (x**2).sum(axis=1)
        for start in range(0, len(x), _BLOCK):
            rows = np.arange(start, min(start + _BLOCK, len(x)))
            squared = squares - 2.0 * x[rows] @ x.T
            squared[rows - start, rows] = np.inf
            nearest[rows] = squared.argmin(axis=1)
        return nearest, self._apart(nearest)

    def pairs(self, spread: Matrix) -> list[tuple[float, int, int]]:
        """Of each entry and the one nearest to it alone."""
        nearest, distance = self.nearest_other()
        found = {
            (min(row, int(other)), max(row, int(other))): float(apart)
            for row, (other, apart) in enumerate(zip(nearest, distance, strict=True))
            if apart <= max(spread[row], spread[other])
        }
        return sorted((distance, one, other) for (one, other), distance in found.items())

    def _apart(self, others: npt.NDArray[np.int64]) -> Matrix:
        """(E,) how far each entry lies from the other one that is named for it."""
        apart = np.zeros(len(others))
        for row, other in enumerate(others):
            if row != other:
                apart[row] = part_distances(self._gallery[[row, other]])[0, 1]
        return apart


def _unanswered(library: Library) -> tuple[Unanswered, ...]:
    names = [entry.name for entry in library.entries]
    served = set(library.clusters[library.with_model].tolist()) - {NOISE}
    found = [
        Unanswered(None, names[row], (names[row],))
        for row in np.flatnonzero((library.clusters == NOISE) & ~library.with_model)
    ]
    for cluster in sorted(set(library.clusters.tolist()) - served - {NOISE}):
        members = np.flatnonzero(library.clusters == cluster)
        medoid = next((row for row in members if library.entries[row].is_representative), members[0])
        found.append(Unanswered(int(cluster), names[medoid], tuple(names[row] for row in members)))
    return tuple(sorted(found, key=lambda item: (-len(item.entries), item.train)))


def _far(library: Library, nearest: npt.NDArray[np.int64], distance: Matrix, reach: float) -> tuple[Far, ...]:
    rows = np.flatnonzero(distance > reach)
    found = [
        Far(library.entries[row].name, library.entries[nearest[row]].name, float(distance[row]))
        if np.isfinite(distance[row])
        else Far(library.entries[row].name, None, None)
        for row in rows
    ]
    return tuple(sorted(found, key=lambda far: (-(far.distance or 0.0), far.entry)))


def _twins(library: Library, pairs: list[tuple[float, int, int]]) -> tuple[Twins, ...]:
    """Who could go: never one that stands in for another, so that all could go together."""
    gone: set[int] = set()
    kept: set[int] = set()
    found = []
    for distance, one, other in pairs:
        stays, goes = sorted((one, other), key=lambda row: _worth(library, row))
        if goes in kept and stays not in kept:
            stays, goes = goes, stays
        free = goes not in kept and not gone & {stays, goes}
        if free:
            gone.add(goes)
            kept.add(stays)
        entries = library.entries[one], library.entries[other]
        diameters = sorted(entry.diameter_m for entry in entries)
        found.append(
            Twins(
                one=entries[0].name,
                other=entries[1].name,
                distance=distance,
                size_ratio=diameters[1] / diameters[0],
                could_go=library.entries[goes].name if free else None,
                why=_why(library, stays, goes) if free else "one of the two is spoken for by another pair",
            )
        )
    return tuple(found)


def _worth(library: Library, row: int) -> tuple[bool, bool, int]:
    """Smaller for what should rather stay."""
    return (not library.with_model[row], not library.entries[row].is_representative, row)


def _why(library: Library, stays: int, goes: int) -> str:
    if library.with_model[goes]:
        return "both have networks; its own would go with it"
    if library.with_model[stays]:
        return "it has no network, the other has"
    if library.entries[stays].is_representative and not library.entries[goes].is_representative:
        return "the other represents their cluster"
    return "it comes later in the library"
