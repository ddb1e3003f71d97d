"""How far a query lies from the entries of a library: the nearest stored view of each, in shape and in size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from srclib_ros.embedding.encoder import Descriptors
from srclib_ros.library.coarse import CoarseIndex
from srclib_ros.library.packing import packed, unpacked
from srclib_ros.types import FloatArray

EXACT_UP_TO = 4_000
"""Entries; a larger library is searched in two stages."""
REFINED = 200
"""Entries that the second stage measures exactly, for each query."""
_AT_ONCE = 2**24
"""Queries times views that are compared at once: four arrays of so many float32 are 256 MiB."""


@dataclass(frozen=True, eq=False)
class Gallery:
    """What a library remembers of its entries' looks.

    embeddings: (E, V, D) float32, unit rows; above `EXACT_UP_TO` entries int16, see `packing`. size_m: (E, V) float32,
    the observed size of each view: a partial view is smaller than its part, so that queries are compared with views
    and not with the CAD's diameter.
    """

    embeddings: FloatArray | npt.NDArray[np.int16]
    size_m: FloatArray
    _coarse: dict[float, CoarseIndex] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.embeddings)

    def __getitem__(self, rows: Sequence[int] | np.ndarray | slice) -> Gallery:
        """The gallery of some entries."""
        return Gallery(self.embeddings[rows], self.size_m[rows])

    def as_stored(self) -> Gallery:
        """With embeddings in the format that a library of so many entries keeps them in."""
        stored = packed(self.embeddings) if len(self) > EXACT_UP_TO else unpacked(self.embeddings)
        return self if stored is self.embeddings else Gallery(stored, self.size_m)

    def prepare(self, size_weight: float) -> None:
        """Make the first stage of a search, where it has two, so that the first query does not wait for it."""
        if len(self) > EXACT_UP_TO:
            self.coarse(size_weight)

    def coarse(self, size_weight: float) -> CoarseIndex:
        """The first stage of a search, made once."""
        if size_weight not in self._coarse:
            self._coarse[size_weight] = CoarseIndex(self.embeddings, self.size_m, size_weight)
        return self._coarse[size_weight]


def distances(gallery: Gallery, queries: Descriptors, size_weight: float) -> FloatArray:
    """(B, E) distance of each query to each entry's nearest view; `similarity_of` reads it.

    d^2 = |e_q - e_v|^2 / 2 + (size_weight * ln(size_q / size_v))^2: one minus the cosine, and openly the size;
    with size_weight 0 the size does not matter at all. Exact up to `EXACT_UP_TO` entries. Above, exact for the
    `REFINED` that come out nearest in the first stage; the others keep its estimate, never nearer than those.
    """
    if len(gallery) > EXACT_UP_TO:
        rows = zip(queries.embeddings, queries.size_m, strict=True)
        found = [
            two_stage_distances(gallery, embedding, float(size_m), size_weight, REFINED) for embedding, size_m in rows
        ]
        return np.stack(found) if found else np.zeros((0, len(gallery)), np.float32)
    return exact_distances(gallery, queries, size_weight)


def exact_distances(gallery: Gallery, queries: Descriptors, size_weight: float) -> FloatArray:
    """(B, E) as `distances`, from every view of every entry."""
    entries, views, dim = gallery.embeddings.shape
    stored = unpacked(gallery.embeddings).reshape(-1, dim)
    log_size = np.log(gallery.size_m).reshape(-1)
    nearest = np.empty((len(queries.embeddings), entries), np.float32)
    step = max(_AT_ONCE // len(stored), 1)
    for start in range(0, len(nearest), step):
        block = slice(start, start + step)
        squared = 1.0 - queries.embeddings[block] @ stored.T
        if size_weight > 0.0:
            squared += (size_weight * (np.log(queries.size_m[block])[:, None] - log_size)) ** 2
        nearest[block] = squared.reshape(-1, entries, views).min(axis=2)
    return np.sqrt(np.maximum(nearest, 0.0))


def two_stage_distances(
    gallery: Gallery, embedding: FloatArray, size_m: float, size_weight: float, refined: int
) -> FloatArray:
    """(E,) of one query (D,), as `distances` in a large library."""
    squared = gallery.coarse(size_weight).squared(embedding, size_m)
    rows = np.argpartition(squared, min(refined, len(squared)) - 1)[:refined]
    query = Descriptors(embedding[None], np.array([size_m], np.float32))
    exact = exact_distances(gallery[rows], query, size_weight)[0]
    found = np.sqrt(np.maximum(squared, float(exact.max()) ** 2))
    found[rows] = exact
    return found


def nearest_rows(to_entries: FloatArray, count: int) -> np.ndarray:
    """Rows of the `count` smallest of (E,), nearest first, the first of equals first."""
    if count >= len(to_entries):
        return np.argsort(to_entries, kind="stable")
    rows = np.flatnonzero(to_entries <= np.partition(to_entries, count - 1)[count - 1])
    return rows[np.argsort(to_entries[rows], kind="stable")][:count]


def nearest_view(gallery: Gallery, entry: int, queries: Descriptors, size_weight: float) -> np.ndarray:
    """(B,) index of the view of one entry that lies nearest to each query."""
    squared = 1.0 - queries.embeddings @ unpacked(gallery.embeddings[entry]).T
    log_ratio = np.log(queries.size_m)[:, None] - np.log(gallery.size_m[entry])
    return np.argmin(squared + (size_weight * log_ratio) ** 2, axis=1)


def similarity_of(distance: FloatArray) -> FloatArray:
    """1 for the same view, 0 for the unlike: the cosine, less what the size differs. No probability."""
    return np.clip(1.0 - distance**2, 0.0, 1.0)
