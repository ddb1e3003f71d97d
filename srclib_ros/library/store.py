"""A source library on disk: entries, their remembered views, the encoder that saw them, and grasp networks.

manifest.json         what it is, thresholds, and the hash of every other file; written last
entries.json          one record a part, see `entry.Entry`
gallery.safetensors   embeddings (E, V, D), observed sizes size_m (E, V), metric (E, V, M), packed, and dims of the
                      descriptors that an embedding is joined of, see `search.Gallery`
queries.safetensors   the same of views that are not remembered: thresholds are set by them
encoder/              the sealed encoder that the embeddings are of
models/<name>/        the sealed grasp model of an entry
pooled/<gripper>/     the sealed network trained on the scenes of all these at once, where there is one
history.json          what starting from its entries has gained targets, where it was seen, see `history`
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from srclib_ros.artifact import MANIFEST, open_sealed, read_bytes, read_json, read_tensors, resolve_inside, sha256
from srclib_ros.embedding.encoder import encoder_id
from srclib_ros.errors import ArtifactDamagedError, ArtifactMissingError, EncoderMismatchError
from srclib_ros.library.entry import POOLED, Entry
from srclib_ros.library.history import Record, read_history
from srclib_ros.library.search import Gallery, distance_of
from srclib_ros.library.thresholds import Thresholds

KIND = "source_library"
SCHEMA = 4
LONGEST = 1.001  # of what is at most a unit row, rounding forgiven
ENTRIES, GALLERY, QUERIES = "entries.json", "gallery.safetensors", "queries.safetensors"
ENCODER, MODELS = "encoder", "models"
OF_VIEW, OF_WHOLE = "thresholds", "thresholds_of_whole"


class Library:
    """A source library that was read whole and checked. It does not change; open another to swap."""

    def __init__(
        self, folder: Path, manifest: Mapping[str, Any], version: str, entries: tuple[Entry, ...], gallery: Gallery
    ) -> None:
        self.folder = folder
        self.manifest = manifest
        self.version = version
        self.entries = entries
        self.gallery = gallery
        self.name = str(manifest.get("name", folder.name))
        self.encoder_id = str(manifest.get("encoder"))
        self.thresholds, self.thresholds_of_whole = (
            Thresholds.from_json(manifest.get(key, {}), str(folder / MANIFEST)) for key in (OF_VIEW, OF_WHOLE)
        )
        self.size_weight = _size_weight(manifest, folder)
        self.reach = _reach(manifest, self.thresholds, folder)
        self.with_model = np.array([entry.model is not None for entry in entries], bool)
        self.clusters = np.array([entry.cluster for entry in entries], np.int64)
        self._index = {entry.name: index for index, entry in enumerate(entries)}

    @classmethod
    def open(cls, folder: Path | str, verify: bool = True) -> Library:
        """Read and check a library; with `verify`, the hash of every file in it, and make it ready to be searched.

        Raises ArtifactMissingError, ArtifactDamagedError, ArtifactSchemaError, EncoderMismatchError or
        UnsafePathError; each names what cures it.
        """
        folder = Path(folder)
        manifest = open_sealed(folder, KIND, SCHEMA, verify)
        entries = _read_entries(folder)
        gallery = _read_gallery(folder / GALLERY, len(entries))
        library = cls(folder, manifest, sha256(read_bytes(folder / MANIFEST))[:16], entries, gallery)
        library.check_encoder(encoder_id(library.encoder_folder))
        if verify:
            gallery.prepare(library.size_weight)
        return library

    @cached_property
    def history(self) -> tuple[Record, ...]:
        """Raises ArtifactDamagedError."""
        return read_history(self.folder)

    def read_queries(self) -> Gallery:
        """The views (E, Q, D) that thresholds are set by."""
        return _read_gallery(self.folder / QUERIES, len(self.entries))

    @property
    def encoder_folder(self) -> Path:
        return self.folder / ENCODER

    def check_encoder(self, encoder: str) -> None:
        """Raises EncoderMismatchError unless the embeddings are of the encoder with this id."""
        if encoder != self.encoder_id:
            raise EncoderMismatchError(
                f"Library {self.name} was built with encoder {self.encoder_id}, this is {encoder}: "
                "use the library's own encoder folder, or run `srclib build --encoder DIR` with this one"
            )

    def index(self, name: str) -> int:
        """Row of the named entry in `entries` and in the gallery; ArtifactMissingError lists what there is."""
        if name not in self._index:
            raise ArtifactMissingError(f"{self.folder}: no entry {name!r}; it holds {', '.join(sorted(self._index))}")
        return self._index[name]

    def entry(self, name: str) -> Entry:
        return self.entries[self.index(name)]

    def model_folder(self, source: str) -> Path:
        """Folder of the named entry's grasp model. Raises ArtifactMissingError when it has none."""
        model = self.entry(source).model
        if model is None:
            known = ", ".join(entry.name for entry in self.entries if entry.model) or "none"
            raise ArtifactMissingError(
                f"{self.folder}: {source!r} has no grasp network; entries that have one: {known}"
            )
        return resolve_inside(self.folder, model)

    @cached_property
    def pooled(self) -> dict[str, Path]:
        """Gripper -> the sealed network of all its sources, for those that have one."""
        folder = self.folder / POOLED
        return {path.name: path for path in sorted(folder.iterdir())} if folder.is_dir() else {}


def _read_entries(folder: Path) -> tuple[Entry, ...]:
    path = folder / ENTRIES
    records = read_json(path)
    if not isinstance(records, list) or not records:
        raise ArtifactDamagedError(f"{path}: holds no list of entries; build the library again")
    entries = tuple(Entry.from_json(record, str(path)) for record in records)
    if len({entry.name for entry in entries}) != len(entries):
        raise ArtifactDamagedError(f"{path}: a name occurs twice; build the library again")
    for entry in entries:
        if entry.model is not None and not resolve_inside(folder, entry.model).is_dir():
            raise ArtifactMissingError(f"{folder / entry.model}: the grasp model of {entry.name} is not there")
    return entries


def _read_gallery(path: Path, entries: int) -> Gallery:
    tensors = read_tensors(path)
    embeddings, size_m, metric, dims = (tensors.get(name) for name in ("embeddings", "size_m", "metric", "dims"))
    if (
        embeddings is None
        or size_m is None
        or metric is None
        or dims is None
        or embeddings.ndim != 3
        or metric.ndim != 3
        or not embeddings.shape[:2] == metric.shape[:2] == size_m.shape
        or embeddings.shape[0] != entries
        or 0 in embeddings.shape
        or not all(np.isfinite(values).all() for values in (embeddings, size_m, metric))
        or not all(values.dtype == np.int16 or (np.abs(values) < LONGEST).all() for values in (embeddings, metric))
        or not (size_m > 0).all()
        or not (len(dims) == 0 or (dims.dtype == np.int32 and (dims > 0).all() and dims.sum() == embeddings.shape[2]))
    ):
        raise ArtifactDamagedError(f"{path}: does not hold the views of {entries} entries; build the library again")
    return Gallery(embeddings, size_m.astype(np.float32, copy=False), metric, tuple(dims.tolist())).as_stored()


def _reach(manifest: Mapping[str, Any], thresholds: Thresholds, folder: Path) -> float:
    """How far, by shape alone, a useful source lies at most; by the suitability threshold where that is not said."""
    value = manifest.get("reach", distance_of(thresholds.suitability.similarity))
    if not isinstance(value, (int, float)) or not 0.0 <= value <= 1.0:
        raise ArtifactDamagedError(f"{folder / MANIFEST}: reach {value!r} is no distance; build the library again")
    return float(value)


def _size_weight(manifest: Mapping[str, Any], folder: Path) -> float:
    value = manifest.get("size_weight")
    if not isinstance(value, (int, float)) or not 0.0 <= value < 1e3:
        raise ArtifactDamagedError(f"{folder / MANIFEST}: size_weight {value!r} is no weight; build the library again")
    return float(value)
