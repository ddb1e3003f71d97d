"""What every clustering takes and gives: how far parts lie apart in, a named result out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from srclib_ros.library.clustering.many import MANY, SAMPLED, drawn, medoids_of, nearness_of
from srclib_ros.library.entry import NOISE
from srclib_ros.library.packing import unpacked
from srclib_ros.library.search import Gallery
from srclib_ros.types import FloatArray, Matrix

Labels = npt.NDArray[np.int64]
MDS_DIMENSIONS = 16
"""At most so many for algorithms that want coordinates where there are only distances."""
_BLOCK = 1_024


@dataclass(frozen=True, eq=False)
class Clustering:
    """labels: (E,) int64 from 0, `NOISE` for members of none. strengths: (E,) in [0, 1], 0 for noise.

    representatives: cluster -> row of its medoid. algorithm, parameters: how it was found. chosen: for each parameter
    that was not given, in words, how its value was found from the data. tree: (E - 1, 4) merges as scipy's
    `linkage` writes them, where the algorithm has a dendrogram. leaves: rows of the parts that are the tree's leaves,
    where these are not all. approximated: in words, what was not done exactly as there are so many parts, or "".
    """

    labels: Labels
    strengths: FloatArray
    representatives: Mapping[int, int]
    algorithm: str
    parameters: Mapping[str, Any]
    chosen: Mapping[str, str] = field(default_factory=dict)
    tree: Matrix | None = None
    leaves: Labels | None = None
    approximated: str = ""


class Parts:
    """E parts to cluster: their distances, their coordinates, each made from the other where only that is known.

    approximated: what was left out to come by them, in words. seed: of `sample`.
    """

    def __init__(
        self,
        distance: Matrix | None = None,
        coordinates: Matrix | None = None,
        approximated: str = "",
        seed: int = 0,
    ) -> None:
        if (distance is None) == (coordinates is None):
            raise ValueError("give either distances or coordinates")
        self._distance, self._coordinates = distance, coordinates
        self.approximated = approximated
        self._seed = seed

    def __len__(self) -> int:
        return len(self.distance if self._coordinates is None else self._coordinates)

    @property
    def many(self) -> bool:
        """Whether they are too many for an (E, E) matrix, so that algorithms work from samples and representatives."""
        return self._coordinates is not None and len(self) > MANY

    def at(self, rows: npt.NDArray[np.int64]) -> Parts:
        """Some of them."""
        return Parts(coordinates=self.coordinates[rows])

    @cached_property
    def sampled_rows(self) -> Labels:
        """Rows of the sample by which parameters are found where there are many; else all."""
        return drawn(len(self), SAMPLED, np.random.default_rng(self._seed)) if self.many else np.arange(len(self))

    @cached_property
    def sample(self) -> Parts:
        """The parts by which parameters are found."""
        return self.at(self.sampled_rows) if self.many else self

    @cached_property
    def distance(self) -> Matrix:
        """(E, E) symmetric, Euclidean between coordinates."""
        if self._distance is not None:
            return np.asarray(self._distance, np.float64)
        x = self.coordinates
        if self.many:
            raise MemoryError(f"distances between {len(self)} parts do not fit into memory; work from `sample`")
        squares = (x**2).sum(axis=1)
        between: Matrix = np.sqrt(np.maximum(squares[:, None] + squares - 2 * x @ x.T, 0.0))
        np.fill_diagonal(between, 0.0)
        return between

    @cached_property
    def coordinates(self) -> Matrix:
        """(E, D), whose Euclidean distances come near the given ones: classical scaling (Torgerson 1952)."""
        if self._coordinates is not None:
            return np.asarray(self._coordinates, np.float64)
        squared = self.distance**2
        centred = squared - squared.mean(axis=0) - squared.mean(axis=1)[:, None] + squared.mean()
        values, vectors = np.linalg.eigh(-centred / 2)
        kept = np.argsort(-values)[:MDS_DIMENSIONS]
        kept = kept[values[kept] > 1e-9 * max(float(values.max()), 1e-12)]
        scaled: Matrix = vectors[:, kept] * np.sqrt(values[kept])
        return scaled if len(kept) else np.zeros((len(squared), 1))


ONE_VECTOR = "shape by one vector a part, the mean of its views, as there are more than {} parts"


def parts_of(gallery: Gallery, seed: int = 0) -> Parts:
    """The entries of a library as parts to cluster, by all their views, or of more than `MANY` by their mean views.

    seed: of the sample of many.
    """
    if len(gallery) <= MANY:
        return Parts(part_distances(gallery))
    return Parts(coordinates=mean_views(gallery), approximated=ONE_VECTOR.format(MANY), seed=seed)


def mean_views(gallery: Gallery) -> Matrix:
    """(E, D) mean of each entry's views, so long that the distance of two is the square root of one minus the cosine,
    as `part_distances` is.
    """
    mean = np.stack([views.mean(axis=0, dtype=np.float64) for views in gallery.embeddings])  # packed ones, too
    long: Matrix = mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-12) * np.sqrt(0.5)
    return long


def part_distances(gallery: Gallery) -> Matrix:
    """(E, E) symmetric distances in shape alone: how far a view of one part lies from the nearest of the other.

    Averaged over the views and both directions; size plays no part, as networks transfer across sizes.
    """
    entries, views, dim = gallery.embeddings.shape
    every = unpacked(gallery.embeddings)
    flat = every.reshape(-1, dim)
    one_way = np.empty((entries, entries))
    for row, own in enumerate(every):
        squared = np.maximum(1.0 - own @ flat.T, 0.0).reshape(views, entries, views).min(axis=2)
        one_way[row] = squared.mean(axis=0)
    matrix = np.sqrt((one_way + one_way.T) / 2.0)
    np.fill_diagonal(matrix, 0.0)
    return matrix


def distances_of_one(gallery: Gallery, row: int) -> FloatArray:
    """(E,) one row of `part_distances`, of a gallery of any size."""
    own = unpacked(gallery.embeddings[row])
    squared = np.empty(len(gallery), np.float32)
    for start in range(0, len(gallery), _BLOCK):
        block = slice(start, start + _BLOCK)
        between = np.maximum(1.0 - unpacked(gallery.embeddings[block]) @ own.T, 0.0)
        squared[block] = (between.min(axis=1).mean(axis=1) + between.min(axis=2).mean(axis=1)) / 2.0
    squared[row] = 0.0
    return np.sqrt(squared)


def medoids(distance: Matrix, labels: Labels) -> dict[int, int]:
    """Cluster -> row of the member with the smallest sum of distances to the others; the first of equals."""
    chosen = {}
    for cluster in sorted(set(labels.tolist()) - {NOISE}):
        members = np.flatnonzero(labels == cluster)
        chosen[cluster] = int(members[np.argmin(distance[np.ix_(members, members)].sum(axis=1))])
    return chosen


def nearness(distance: Matrix, labels: Labels) -> FloatArray:
    """(E,) strength of membership where an algorithm has none of its own: 1 at the medoid, 0 where another cluster's
    medoid is as near; 0 for noise.
    """
    representatives = medoids(distance, labels)
    strengths = np.zeros(len(labels), np.float32)
    for cluster, row in representatives.items():
        members = np.flatnonzero(labels == cluster)
        others = [other for key, other in representatives.items() if key != cluster]
        away = distance[members][:, others].min(axis=1) if others else np.full(len(members), np.inf)
        strengths[members] = np.clip(1 - distance[members, row] / np.maximum(away, 1e-12), 0, 1)
    return strengths


def by_first_member(labels: Labels) -> Labels:
    """The same clusters, numbered from 0 in the order of their first members."""
    numbers: dict[int, int] = {NOISE: NOISE}
    for label in labels.tolist():
        numbers.setdefault(label, len(numbers) - 1)
    return np.array([numbers[label] for label in labels.tolist()], np.int64)


def result(
    parts: Parts,
    labels: npt.NDArray[np.integer],
    algorithm: str,
    parameters: Mapping[str, Any],
    chosen: Mapping[str, str],
    strengths: Matrix | None = None,
    tree: Matrix | None = None,
    leaves: Labels | None = None,
    approximated: str = "",
) -> Clustering:
    """A clustering with its medoids; strengths from `nearness` where there are none."""
    numbered = by_first_member(labels.astype(np.int64))
    if parts.many:
        representatives = medoids_of(parts.coordinates, numbered)
        weigh = partial(nearness_of, parts.coordinates, numbered, representatives)
    else:
        representatives = medoids(parts.distance, numbered)
        weigh = partial(nearness, parts.distance, numbered)
    strong = weigh() if strengths is None else strengths.astype(np.float32)
    strong[numbered == NOISE] = 0
    return Clustering(
        labels=numbered,
        strengths=strong,
        representatives=representatives,
        algorithm=algorithm,
        parameters=dict(parameters),
        chosen=dict(chosen),
        tree=tree,
        leaves=leaves,
        approximated="; ".join(filter(None, (parts.approximated, approximated))),
    )
