"""A source library put together in a work folder beside it, sealed, and moved to its place in one step.

A reader, and whoever comes after a kill at any moment, sees the old library or the new one. The same contents give the
same bytes.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from srclib_ros import __version__
from srclib_ros.artifact import put_in_place, recover, seal, sha256, write_json, write_tensors
from srclib_ros.embedding.encoder import encoder_id
from srclib_ros.errors import ArtifactDamagedError, LibraryBusyError
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.library.clustering import ALGORITHMS, Clustering, parts_of
from srclib_ros.library.clustering.record import clustering_record
from srclib_ros.library.entry import NOISE, POOLED, Entry, told_by_category
from srclib_ros.library.history import FILE as HISTORY
from srclib_ros.library.history import Record
from srclib_ros.library.packing import packed
from srclib_ros.library.search import Gallery, distance_of
from srclib_ros.library.store import (
    ENCODER,
    ENTRIES,
    GALLERY,
    KIND,
    MODELS,
    OF_VIEW,
    OF_WHOLE,
    QUERIES,
    SCHEMA,
    Library,
)
from srclib_ros.library.thresholds import Thresholds
from srclib_ros.library.votes import LEAST_VIEWS
from srclib_ros.training.calibration import calibrate, calibrate_for_whole
from srclib_ros.training.part_views import ViewPlan, mesh_hash

LEAST_ENTRIES = 3


@dataclass(frozen=True, eq=False)
class Contents:
    """What a library holds, whatever the clusters.

    entries: their cluster, strength, representative and model are set when it is written. gallery: (E, V); queries:
    (E, Q); both as they will be stored. networks: name -> sealed grasp
    model. pooled: gripper -> that of all its sources.
    """

    name: str
    seed: int
    encoder_folder: Path
    entries: tuple[Entry, ...]
    gallery: Gallery
    queries: Gallery
    networks: Mapping[str, Path]
    plan: ViewPlan
    size_weight: float
    history: tuple[Record, ...] = ()
    pooled: Mapping[str, Path] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "gallery", self.gallery.as_stored())
        object.__setattr__(self, "queries", self.queries.as_stored())

    @classmethod
    def of(cls, library: Library) -> Contents:
        """Raises ArtifactError where the library does not say how it was made."""
        try:
            views, queries = library.manifest["views"], library.manifest.get("queries", {})
            plan = ViewPlan(int(views["partial"]), int(views["full"]), **queries)
            seed = int(library.manifest["seed"])
        except (KeyError, TypeError, ValueError) as error:
            raise ArtifactDamagedError(
                f"{library.folder}: its manifest does not say how its views were made; build the library again"
            ) from error
        return cls(
            name=library.name,
            seed=seed,
            encoder_folder=library.encoder_folder,
            entries=library.entries,
            gallery=library.gallery,
            queries=library.read_queries(),
            networks={e.name: library.model_folder(e.name) for e in library.entries if e.model is not None},
            plan=plan,
            size_weight=library.size_weight,
            history=library.history,
            pooled=library.pooled,
        )

    def kept(self, rows: Sequence[int]) -> Contents:
        """With these rows alone."""
        entries = tuple(self.entries[row] for row in rows)
        networks = {entry.name: self.networks[entry.name] for entry in entries if entry.name in self.networks}
        return replace(
            self,
            entries=entries,
            gallery=self.gallery[rows],
            queries=self.queries[rows],
            networks=networks,
            pooled=self.pooled if networks else {},
        )

    def clustered(self, algorithm: str, given: Mapping[str, Any]) -> Clustering:
        """The entries' clusters by one of `ALGORITHMS`, parameters that are not given found from the data."""
        return ALGORITHMS[algorithm](parts_of(self.gallery, self.seed), **given)

    def with_networks(self, networks: Mapping[str, Path]) -> Contents:
        """With these as well, in the place of those of the same name."""
        return replace(self, networks={**self.networks, **networks})

    def calibrated(self, clustering: Clustering) -> Thresholds:
        """Where the verdicts on single views begin, by the queries. An entry's kind is its category, else its
        cluster."""
        return self._calibrated(clustering, self.gallery, self.size_weight)

    def calibrated_for_whole(self, clustering: Clustering) -> Thresholds:
        """Where the verdicts on whole parts begin, by the remembered views; too few, as `calibrated`."""
        if self.gallery.size_m.shape[1] < LEAST_VIEWS:
            return self.calibrated(clustering)
        return calibrate_for_whole(self.gallery, self._kinds(clustering), self.size_weight)

    def reach(self, clustering: Clustering) -> float:
        """How far, by shape alone, a useful source lies at most, as `calibrated` has it with the size left out, and by
        the nearest view of whole embeddings, as `part_distances` measures."""
        whole = replace(self.gallery, dims=())
        return distance_of(self._calibrated(clustering, whole, 0.0).suitability.similarity)

    def _calibrated(self, clustering: Clustering, gallery: Gallery, size_weight: float) -> Thresholds:
        kinds = self._kinds(clustering)
        return calibrate(gallery, kinds, self.queries.described, self.queries.size_m.shape[1], size_weight)

    def _kinds(self, clustering: Clustering) -> list[str]:
        """Categories, where there are two at least, else clusters; "" of a part that is in none."""
        clusters = ["" if label == NOISE else f"cluster {label}" for label in clustering.labels]
        if not told_by_category(self.entries):
            return clusters
        return [entry.category or cluster for entry, cluster in zip(self.entries, clusters, strict=True)]


def entry_of(part: PartMesh, seed: int) -> Entry:
    """The entry of a mesh, in no cluster yet."""
    x, y, z = part.extents_m.tolist()
    return Entry(
        name=part.name,
        category=part.category,
        diameter_m=part.diameter_m,
        extents_m=(x, y, z),
        cluster=NOISE,
        strength=0.0,
        is_representative=False,
        model=None,
        provenance=f"mesh {mesh_hash(part)[:16]}, views simulated with seed {seed}",
    )


def work_folder(library: Path) -> Path:
    """Where intermediate results of a library lie: beside the folder itself, not beside a link to it."""
    library = library.resolve()
    return library.with_name(f".{library.name}.work")


@contextmanager
def working_on(library: Path) -> Iterator[Path]:
    """The work folder of a library, for this process alone. Raises LibraryBusyError."""
    work = work_folder(library)
    work.mkdir(parents=True, exist_ok=True)
    with (work / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LibraryBusyError(
                f"{library}: another process is building or changing it; wait for that one to end"
            ) from error
        recover(work / "assembled", library)
        yield work


def write_library(
    contents: Contents,
    clustering: Clustering,
    out: Path,
    work: Path,
) -> Library:
    """Assemble it below `work`, seal it and put it in its place; returns it opened."""
    assembled = work / "assembled"
    shutil.rmtree(assembled, ignore_errors=True)
    _copy_sealed(contents.encoder_folder, assembled / ENCODER)
    for name, folder in contents.networks.items():
        _copy_sealed(folder, assembled / MODELS / name)
    for name, folder in contents.pooled.items():
        _copy_sealed(folder, assembled / POOLED / name)
    entries = [_placed(row, entry, clustering, contents) for row, entry in enumerate(contents.entries)]
    write_json(assembled / ENTRIES, [entry.to_json() for entry in entries])
    for file, views in ((GALLERY, contents.gallery), (QUERIES, contents.queries)):
        write_tensors(assembled / file, views.tensors)
    if contents.history:
        write_json(assembled / HISTORY, list(contents.history))
    plan = contents.plan
    meta = {
        "name": contents.name,
        "seed": contents.seed,
        "code_version": __version__,
        "encoder": encoder_id(contents.encoder_folder),
        "size_weight": contents.size_weight,
        "views": {"partial": plan.partial_views, "full": plan.full_views},
        "queries": {"queries": plan.queries, "hidden_share": plan.hidden_share},
        "clustering": clustering_record(clustering),
        OF_VIEW: contents.calibrated(clustering).to_json(),
        OF_WHOLE: contents.calibrated_for_whole(clustering).to_json(),
        "reach": contents.reach(clustering),
        "parts": sha256("\n".join(entry.provenance for entry in entries).encode()),
    }
    seal(assembled, KIND, SCHEMA, meta)
    put_in_place(assembled, out)
    return Library.open(out)


def joined(one: Gallery, other: Gallery) -> Gallery:
    """The entries of both, one's first."""
    return Gallery(
        np.concatenate([packed(one.embeddings), packed(other.embeddings)]),
        np.concatenate([one.size_m, other.size_m]),
        np.concatenate([packed(one.metric), packed(other.metric)]),
        one.dims,
    )


def _placed(row: int, entry: Entry, clustering: Clustering, contents: Contents) -> Entry:
    label = int(clustering.labels[row])
    return replace(
        entry,
        cluster=label,
        strength=float(clustering.strengths[row]),
        is_representative=clustering.representatives.get(label) == row,
        model=f"{MODELS}/{entry.name}" if entry.name in contents.networks else None,
    )


def _copy_sealed(folder: Path, to: Path) -> None:
    shutil.copytree(folder, to, ignore=shutil.ignore_patterns(".*"))
