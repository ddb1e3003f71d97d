"""Meshes of a library's entries. A library stores none but those within grasp models; the others are the user's."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from srclib_ros.artifact import resolve_inside
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.grasping.object_model import FILE, load_object
from srclib_ros.library.entry import Entry
from srclib_ros.library.store import Library
from srclib_ros.training.part_views import mesh_hash

_PROVENANCE = re.compile(r"\bmesh ([0-9a-f]{16})\b")


@dataclass(frozen=True)
class EntryMesh:
    """mesh: None where there is none to be had; `why` then says so, and what brings it."""

    mesh: PartMesh | None
    why: str = ""


def entry_meshes(library: Library, parts: Sequence[PartMesh] | None = None) -> list[EntryMesh]:
    """Of each entry: the mesh among `parts` that has the hash in its provenance, else that of its grasp model.

    Raises ArtifactError where a grasp model's object cannot be read.
    """
    by_hash = {mesh_hash(part)[:16]: part for part in parts or ()}
    names = {part.name for part in parts or ()}
    return [_mesh_of(library, entry, by_hash, names, parts is not None) for entry in library.entries]


def mismatches(library: Library, parts: Sequence[PartMesh]) -> list[str]:
    """In words, what does not agree between a library and the parts that it is said to be built from."""
    hashes = {part.name: mesh_hash(part)[:16] for part in parts}
    found = [
        f"{entry.name}: another mesh than the library was built from"
        for entry in library.entries
        if entry.name in hashes and _hash_of(entry) not in (None, hashes[entry.name])
    ]
    missing = [entry.name for entry in library.entries if entry.name not in hashes]
    extra = sorted(set(hashes) - {entry.name for entry in library.entries})
    if missing:
        found.append(f"no mesh for {_some(missing)}")
    if extra:
        found.append(f"not in the library: {_some(extra)}")
    return found


def _mesh_of(library: Library, entry: Entry, by_hash: dict[str, PartMesh], names: set[str], asked: bool) -> EntryMesh:
    told = _hash_of(entry)
    if told in by_hash:
        return EntryMesh(by_hash[told])
    if entry.model is not None:
        return EntryMesh(_model_mesh(library, entry))
    if not asked:
        return EntryMesh(None, "no mesh in the library: give --parts")
    if told is None:
        return EntryMesh(None, "the entry does not say which mesh it is of")
    return EntryMesh(None, "another mesh in --parts" if entry.name in names else "no mesh in --parts")


def _model_mesh(library: Library, entry: Entry) -> PartMesh:
    path = resolve_inside(library.model_folder(entry.name), FILE)
    model = load_object(path, entry.name, entry.category, entry.diameter_m, gripper="")
    return PartMesh(entry.name, entry.category, model.vertices.astype("f8"), model.faces)


def _hash_of(entry: Entry) -> str | None:
    found = _PROVENANCE.search(entry.provenance)
    return found[1] if found else None


def _some(names: list[str], most: int = 8) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
