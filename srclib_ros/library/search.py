"""How far a query lies from the entries of a library, by their stored views, in shape and in size."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from srclib_ros.embedding.encoder import Descriptors
from srclib_ros.library.coarse import CoarseIndex
from srclib_ros.library.packing import packed, unpacked
from srclib_ros.types import FloatArray

EXACT_UP_TO = 4_000
"""Entries; a larger library is searched in two stages."""
REFINED = 150
"""Entries that the second stage measures exactly, for each query."""
SIZE_WEIGHT, SIZE_WEIGHT_ALONE = 0.3, 0.7
"""What suits embeddings that have something metric beside them, and those that have not; chosen on parts that nothing
was trained on."""
Rows = Sequence[int] | npt.NDArray[np.int64] | npt.NDArray[np.bool_]
APART = 0.5
"""Weight of what the descriptors say each for itself, see `distances`."""
_AT_ONCE = 2**24
"""Queries times views that are compared at once: four arrays of so many float32 are 256 MiB."""


@dataclass(frozen=True, eq=False)
class Gallery:
    """What a library remembers of its entries' looks: `Descriptors` of V views of each of E entries.

    embeddings: (E, V, D) float32, unit rows; above `EXACT_UP_TO` entries int16, see `packing`. size_m: (E, V) float32,
    the observed size of each view: a partial view is smaller than its part, so that queries are compared with views
    and not with the CAD's diameter. metric: (E, V, M), of the type of the embeddings. dims: of the descriptors that an
    embedding is joined of; none, it is of one piece.
    """

    embeddings: FloatArray | npt.NDArray[np.int16]
    size_m: FloatArray
    metric: FloatArray | npt.NDArray[np.int16] = None  # type: ignore[assignment]  # there is none: M is 0
    dims: tuple[int, ...] = ()
    _coarse: dict[float, CoarseIndex] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if self.metric is None:
            object.__setattr__(self, "metric", np.zeros((*self.size_m.shape, 0), self.embeddings.dtype))

    @classmethod
    def of(cls, described: Descriptors, views: int) -> Gallery:
        """Of descriptors of all the views, `views` of one entry after another."""
        shape = len(described) // views, views
        return cls(
            described.embeddings.reshape(*shape, -1),
            described.size_m.reshape(shape),
            described.metric.reshape(*shape, described.metric.shape[1]),
            described.dims,
        )

    @property
    def described(self) -> Descriptors:
        """All the views, one entry's after another's."""
        rows = self.size_m.size
        embeddings, metric = unpacked(self.embeddings), unpacked(self.metric)
        metric = metric.reshape(rows, metric.shape[2])
        return Descriptors(embeddings.reshape(rows, -1), self.size_m.reshape(-1), metric, self.dims)

    @property
    def tensors(self) -> dict[str, npt.NDArray[Any]]:
        """By name, as they are written to disk: packed."""
        return {
            "embeddings": packed(self.embeddings),
            "size_m": self.size_m,
            "metric": packed(self.metric),
            "dims": np.array(self.dims, np.int32),
        }

    def __len__(self) -> int:
        return len(self.embeddings)

    def __getitem__(self, rows: slice | Rows | tuple[slice, slice | Rows]) -> Gallery:
        """The gallery of some entries, or of some views of some."""
        return Gallery(self.embeddings[rows], self.size_m[rows], self.metric[rows], self.dims)

    def as_stored(self) -> Gallery:
        """As exact as it is written, and as a library of so many entries keeps it: packed or unpacked."""
        embeddings, metric = packed(self.embeddings), packed(self.metric)
        if len(self) <= EXACT_UP_TO:
            return Gallery(unpacked(embeddings), self.size_m, unpacked(metric), self.dims)
        return Gallery(embeddings, self.size_m, metric, self.dims)

    def prepare(self, size_weight: float) -> None:
        """Make the first stage of a search, where it has two, so that the first query does not wait for it."""
        if len(self) > EXACT_UP_TO:
            self.coarse(size_weight)

    def coarse(self, size_weight: float) -> CoarseIndex:
        """The first stage of a search, made once."""
        if size_weight not in self._coarse:
            metric = self.metric if size_weight > 0.0 else self.metric[..., :0]
            self._coarse[size_weight] = CoarseIndex(self.embeddings, metric, self.size_m, size_weight)
        return self._coarse[size_weight]


def distances(gallery: Gallery, queries: Descriptors, size_weight: float) -> FloatArray:
    """(B, E) distance of each query to each entry; `similarity_of` reads it.

    Of a view d^2 = |e_q - e_v|^2 / 2 + |m_q - m_v|^2 / 2 + (size_weight * ln(size_q / size_v))^2: one minus the cosine
    of the embeddings free of scale, and openly the size, by what is metric and by the ratio; with size_weight 0 the
    last two are left out, and the size does not matter at all. What is metric has a length of its own, see
    `point_pairs.PairShape`.

    Of an entry, where embeddings are joined of several descriptors, that of the nearest view counts by half. The other
    half is the sum of what each descriptor, and the size, has to its own nearest view: what hides some of a part leads
    them to different ones.

    Exact up to `EXACT_UP_TO` entries. Above, exact for the `REFINED` that come out nearest in the first stage; the
    others keep its estimate, never nearer than those.
    """
    if len(gallery) > EXACT_UP_TO:
        found = [
            two_stage_distances(gallery, queries[row : row + 1], size_weight, REFINED) for row in range(len(queries))
        ]
        return np.stack(found) if found else np.zeros((0, len(gallery)), np.float32)
    return exact_distances(gallery, queries, size_weight)


def exact_distances(gallery: Gallery, queries: Descriptors, size_weight: float) -> FloatArray:
    """(B, E) as `distances`, from every view of every entry."""
    stored = gallery.described
    squared = np.empty((len(queries), len(gallery)), np.float32)
    step = max(_AT_ONCE // len(stored), 1)
    for start in range(0, len(squared), step):
        squared[start : start + step] = _squared(queries[start : start + step], stored, size_weight, gallery)
    return np.sqrt(np.maximum(squared, 0.0))


def own_distances(gallery: Gallery, row: int, size_weight: float) -> FloatArray:
    """(V,) how far each view of an entry lies from the entry without that view; two views at least."""
    views = gallery[[row]].described
    itself = np.eye(len(views), dtype=bool)
    squared = _fused(views, views, size_weight, lambda term: np.where(itself, np.inf, term).min(axis=1))
    return np.sqrt(np.maximum(squared, 0.0))


def _squared(queries: Descriptors, views: Descriptors, size_weight: float, gallery: Gallery) -> FloatArray:
    """(B, E) squared distances of queries to the entries of a gallery whose views these are."""
    return _fused(queries, views, size_weight, lambda term: term.reshape(-1, *gallery.size_m.shape).min(axis=2))


def _fused(
    queries: Descriptors, views: Descriptors, size_weight: float, nearest: Callable[[FloatArray], FloatArray]
) -> FloatArray:
    """Squared distances to entries, see `distances`. nearest: of terms (B, V), those of each entry's nearest view."""
    terms = _terms(queries, views, size_weight)
    together = next(terms)
    apart = nearest(together)
    for term in terms:
        apart += nearest(term)
        together += term
    if not views.dims:
        return nearest(together)
    return (1.0 - APART) * nearest(together) + APART * apart


def _terms(queries: Descriptors, views: Descriptors, size_weight: float) -> Iterator[FloatArray]:
    """(B, V) each: half the squared distance of queries to views by each descriptor, then what the size adds.

    Each descriptor's rows, and metric ones, are of one length; 0 for what was seen without any normal, whose rows of
    the network are the longer for it. Then a query goes by its shape and size alone, and only the sum is a distance.
    """
    ends = np.cumsum(views.dims)[:-1]
    for asked, stored in zip(*(np.split(of.embeddings, ends, axis=1) for of in (queries, views)), strict=True):
        yield _half_squared(asked, stored)
    if size_weight > 0.0:
        of_size: FloatArray = np.log(queries.size_m)[:, None] - np.log(views.size_m)
        of_size *= size_weight
        of_size *= of_size
        of_size += _half_squared(queries.metric, views.metric)
        yield of_size


def _half_squared(asked: FloatArray, stored: FloatArray) -> FloatArray:
    """(B, V) of rows (B, D) and (V, D) that are equally long."""
    found: FloatArray = np.einsum("bd,bd->b", asked, asked)[:, None] - asked @ stored.T
    return found


def two_stage_distances(gallery: Gallery, query: Descriptors, size_weight: float, refined: int) -> FloatArray:
    """(E,) of one query, as `distances` in a large library."""
    squared = gallery.coarse(size_weight).squared(query)
    rows = np.argpartition(squared, min(refined, len(squared)) - 1)[:refined]
    exact = exact_distances(gallery[rows], query, size_weight)[0]
    found = np.sqrt(np.maximum(squared, float(exact.max()) ** 2))
    found[rows] = exact
    return found


def fitting_size_weight(metric_dim: int) -> float:
    """The weight of size for embeddings with so many metric components beside them."""
    return SIZE_WEIGHT if metric_dim else SIZE_WEIGHT_ALONE


def nearest_rows(to_entries: FloatArray, count: int) -> np.ndarray:
    """Rows of the `count` smallest of (E,), nearest first, the first of equals first."""
    if count >= len(to_entries):
        return np.argsort(to_entries, kind="stable")
    rows = np.flatnonzero(to_entries <= np.partition(to_entries, count - 1)[count - 1])
    return rows[np.argsort(to_entries[rows], kind="stable")][:count]


def similarity_of(distance: FloatArray) -> FloatArray:
    """1 for the same, 0 for the unlike: of a view the cosine, less what differs in metres. No probability."""
    return np.clip(1.0 - distance**2, 0.0, 1.0)


def distance_of(similarity: float) -> float:
    """The distance that `similarity_of` reads so."""
    return float(np.sqrt(max(1.0 - similarity, 0.0)))
