"""Which entry lies nearest to which, in shape, whether there is a matrix of distances or too many entries for one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from srclib_ros.library.clustering.clustering import mean_views, part_distances
from srclib_ros.library.clustering.many import nearest_two
from srclib_ros.library.packing import unpacked
from srclib_ros.library.search import Gallery
from srclib_ros.types import Matrix

_BLOCK = 1_024


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


class Near:
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


class NearOfMany:
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
