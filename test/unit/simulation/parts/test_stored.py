"""Folders of parts: written and read again, manifest above option, errors that name the cure."""

from __future__ import annotations

import numpy as np
import pytest

from srclib_ros.errors import MeshError
from srclib_ros.simulation.parts import generate_parts, load_part, load_parts, unit_of_manifest, write_parts


@pytest.fixture(scope="module")
def parts():
    return generate_parts()[::20]


@pytest.fixture
def folder(tmp_path, parts):
    write_parts(tmp_path, parts)
    return tmp_path


def test_what_was_written_is_read(folder, parts):
    read = {part.name: part for part in load_parts(folder)}
    assert set(read) == {part.name for part in parts}
    for part in parts:
        again = read[part.name]
        assert again.category == part.category
        assert again.extents_m == pytest.approx(part.extents_m, abs=1e-7)
        assert len(again.faces) == len(part.faces)
        assert again.watertight


def test_the_manifest_is_found_above_a_subfolder_and_beats_the_unit(folder, parts):
    first = parts[0]
    (again,) = [part for part in load_parts(folder / first.category, "m") if part.name == first.name]
    assert again.diameter_m == pytest.approx(first.diameter_m, rel=1e-5)
    assert again.category == first.category


def test_without_a_manifest_subfolders_are_categories_and_a_unit_is_needed(folder, parts):
    (folder / "manifest.csv").unlink()
    with pytest.raises(MeshError, match="--unit"):
        load_parts(folder)
    assert {part.category for part in load_parts(folder, "mm")} == {part.category for part in parts}


def test_equal_file_names_are_told_apart(tmp_path, parts):
    for category in ("a", "b"):
        write_parts(tmp_path / category, parts[:1])
    names = [part.name for part in load_parts(tmp_path, "mm")]
    assert len(set(names)) == 2
    assert all(parts[0].name in name for name in names)


def test_a_manifest_that_lacks_a_column_is_refused(folder):
    (folder / "manifest.csv").write_text("file,category\n")
    with pytest.raises(MeshError, match="unit_to_m"):
        load_parts(folder)


def test_an_unknown_unit_in_the_manifest_names_the_known_ones(folder):
    path = folder / "manifest.csv"
    path.write_text(path.read_text().replace("0.001", "0.3048"))
    with pytest.raises(MeshError, match=r"0.0254 \(in\)"):
        load_parts(folder)


def test_missing_and_empty_folders_say_so(tmp_path):
    with pytest.raises(MeshError, match="srclib parts"):
        load_parts(tmp_path / "gone", "mm")
    with pytest.raises(MeshError, match="holds no mesh"):
        load_parts(tmp_path, "mm")


def test_two_parts_of_one_name_are_not_overwritten(tmp_path, parts):
    with pytest.raises(MeshError, match="share a name"):
        write_parts(tmp_path, [parts[0], parts[0]])


def test_normals_in_the_file_are_unit(tmp_path, parts):
    write_parts(tmp_path, parts[:1])
    (path,) = tmp_path.glob("*/*.stl")
    facets = np.frombuffer(path.read_bytes()[84:], dtype=[("n", "<f4", 3), ("c", "<f4", 9), ("a", "<u2")])
    assert len(facets) == len(parts[0].faces)
    lengths = np.linalg.norm(facets["n"], axis=1)
    assert lengths[lengths > 0.0] == pytest.approx(1.0, abs=1e-5)
    assert np.count_nonzero(lengths) > 0.9 * len(lengths)


def test_parts_are_not_mixed_with_others(folder, parts):
    write_parts(folder, parts)
    with pytest.raises(MeshError, match="another folder"):
        write_parts(folder, parts[1:])


def test_one_mesh_has_the_unit_that_the_manifest_says(folder, parts):
    mesh = folder / parts[0].category / f"{parts[0].name}.stl"
    assert unit_of_manifest(mesh) == "mm"
    for unit in (None, "in"):
        assert load_part(mesh, unit).diameter_m == pytest.approx(parts[0].diameter_m, rel=1e-5)
    (folder / "manifest.csv").unlink()
    assert unit_of_manifest(mesh) is None
    with pytest.raises(MeshError, match="--unit"):
        load_part(mesh)
