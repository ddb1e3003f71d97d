"""Which mesh is an entry's: the one that the library was built from, else its grasp model's, else none, and why."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.clustered_library import clustered_library
from support.grasp_parts import bent_plate

from srclib_ros.artifact import seal
from srclib_ros.errors import ArtifactMissingError
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.library.store import KIND, SCHEMA, Library
from srclib_ros.reporting.meshes import entry_meshes, mismatches
from srclib_ros.training.part_views import mesh_hash


def plate(name: str, scale: float = 1.0) -> PartMesh:
    mesh = bent_plate().scaled(scale)
    return PartMesh(name, "kind_0", mesh.vertices, mesh.faces)


def library_of(folder: Path, *parts: PartMesh, networks: tuple[int, ...] = ()) -> Library:
    told = [f"mesh {mesh_hash(part)[:16]}, views simulated with seed 0" for part in parts]
    return clustered_library(folder, [0] * len(parts), networks, [part.name for part in parts], told)


def test_meshes_are_matched_by_their_hash(tmp_path: Path) -> None:
    parts = [plate("a"), plate("b", 2.0), plate("c", 3.0)]
    library = library_of(tmp_path, *parts)
    found = entry_meshes(library, parts[::-1])
    assert [item.mesh for item in found] == parts
    assert mismatches(library, parts) == []


def test_another_mesh_of_the_same_name_is_not_shown_and_said(tmp_path: Path) -> None:
    library = library_of(tmp_path, plate("a"), plate("b"), plate("c"))
    given = [plate("a"), plate("b", 2.0), plate("d")]
    found = entry_meshes(library, given)
    assert found[0].mesh is given[0]
    assert (found[1].mesh, found[1].why) == (None, "another mesh in --parts")
    assert (found[2].mesh, found[2].why) == (None, "no mesh in --parts")
    said = mismatches(library, given)
    assert said == ["b: another mesh than the library was built from", "no mesh for c", "not in the library: d"]


def test_without_meshes_a_grasp_model_gives_its_own_and_the_others_name_the_cure(tmp_path: Path) -> None:
    library = library_of(tmp_path, plate("a"), plate("b"), plate("c"), networks=(1,))
    found = entry_meshes(library)
    assert found[1].mesh is not None
    np.testing.assert_allclose(found[1].mesh.vertices, bent_plate().vertices, atol=1e-6)
    assert found[0].mesh is found[2].mesh is None
    assert "--parts" in found[0].why


def test_a_grasp_model_without_its_object_is_a_named_error(tmp_path: Path) -> None:
    library = library_of(tmp_path, plate("a"), plate("b"), plate("c"), networks=(1,))
    (library.model_folder("b") / "object.safetensors").unlink()
    seal(
        tmp_path,
        KIND,
        SCHEMA,
        {key: value for key, value in library.manifest.items() if key not in ("files", "kind", "schema")},
    )
    with pytest.raises(ArtifactMissingError, match=r"object\.safetensors"):
        entry_meshes(Library.open(tmp_path))
