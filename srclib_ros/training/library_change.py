"""Changes to a library that is there: parts and networks added, entries removed, clusters made anew.

After each, clusters, representatives and thresholds are made again, and the library is replaced in one step. A library
that is added to has the same bytes as one that is built of all the parts at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from srclib_ros.artifact import open_sealed
from srclib_ros.errors import ConfigError
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.grasping import model as grasp_model
from srclib_ros.library.clustering.record import clustering_given
from srclib_ros.library.history import Record, with_records
from srclib_ros.library.store import Library
from srclib_ros.training.jobs import Jobs
from srclib_ros.training.library_build import check_names
from srclib_ros.training.library_folder import (
    LEAST_ENTRIES,
    Contents,
    entry_of,
    joined,
    work_folder,
    working_on,
    write_library,
)
from srclib_ros.training.part_networks import given_networks
from srclib_ros.training.part_views import see_parts
from srclib_ros.training.progress import Progress, silent


def add_parts(
    folder: Path,
    parts: Sequence[PartMesh],
    models: Sequence[Path] = (),
    history: Sequence[Record] = (),
    *,
    progress: Progress = silent,
    jobs: Jobs | None = None,
) -> Library:
    """Add parts, seen as the library's own were and embedded with its encoder, and networks; returns it opened.

    models: sealed grasp model folders, named as parts or as entries; an entry's own is replaced. history: what came
    true of starts, to be remembered.
    Raises ConfigError for names that are there already, TrainingError, ComputeClusterError or ArtifactError.
    """
    with _changing(folder) as (library, work):
        contents = Contents.of(library)
        names = [part.name for part in parts]
        check_names(names)
        known = sorted({entry.name for entry in contents.entries} & set(names))
        if known:
            raise ConfigError(f"{folder} has an entry {known[0]!r} already; rename the mesh, or remove the entry first")
        given = given_networks(models, [entry.name for entry in contents.entries] + names)
        if parts:
            gallery, queries = see_parts(
                parts, contents.encoder_folder, contents.plan, contents.seed, work / "views", jobs or Jobs(), progress
            )
            contents = replace(
                contents,
                entries=contents.entries + tuple(entry_of(part, contents.seed) for part in parts),
                gallery=joined(contents.gallery, gallery),
                queries=joined(contents.queries, queries),
            )
        contents = replace(contents, history=with_records(contents.history, history))
        return _written(contents.with_networks(given), library, work)


def add_pooled(folder: Path, gripper: str, model: Path) -> Library:
    """Keep the sealed network of all its sources for this gripper, in the place of one that is there; returns the
    library opened. Raises ArtifactError."""
    open_sealed(model, grasp_model.KIND, grasp_model.SCHEMA)
    with _changing(folder) as (library, work):
        contents = Contents.of(library)
        return _written(replace(contents, pooled={**contents.pooled, gripper: model}), library, work)


def remove_entries(folder: Path, names: Sequence[str]) -> Library:
    """Remove entries and their networks; returns the library opened.

    Raises ConfigError where fewer than three would be left, ArtifactMissingError for a name that is not there.
    """
    with _changing(folder) as (library, work):
        leaving = {library.index(name) for name in names}
        staying = [row for row in range(len(library.entries)) if row not in leaving]
        if len(staying) < LEAST_ENTRIES:
            raise ConfigError(
                f"{folder}: {len(staying)} of {len(library.entries)} entries would be left, and a library needs "
                f"{LEAST_ENTRIES} to tell parts apart; add parts first, or delete the folder"
            )
        return _written(Contents.of(library).kept(staying), library, work)


def recluster(folder: Path, algorithm: str, given: Mapping[str, Any]) -> Library:
    """Make its clusters anew by one of `clustering.ALGORITHMS`; returns the library opened.

    given: parameters of the algorithm; what is missing is found from the data. Later changes use the same again.
    """
    with _changing(folder) as (library, work):
        return _written(Contents.of(library), library, work, (algorithm, given))


@contextmanager
def _changing(folder: Path) -> Iterator[tuple[Library, Path]]:
    """The library opened, and its work folder, for this process alone."""
    if not folder.exists() and not work_folder(folder).exists():
        Library.open(folder)
    with working_on(folder) as work:
        yield Library.open(folder), work


def _written(
    contents: Contents,
    library: Library,
    work: Path,
    how: tuple[str, Mapping[str, Any]] | None = None,
) -> Library:
    algorithm, given = how or clustering_given(library.manifest.get("clustering"), str(library.folder))
    clustering = contents.clustered(algorithm, given)
    return write_library(contents, clustering, library.folder, work)
