"""Meshes: sizes by arithmetic, the object frame, errors that name the cure, samples that lie on the surface."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from srclib_ros.errors import MeshError, MissingDependencyError
from srclib_ros.geometry.mesh import centred, load_mesh, sample_surface
from test.support.step_box import step_box

CORNERS = np.array([(x, y, z) for x in (0.0, 1.0) for y in (0.0, 1.0) for z in (0.0, 1.0)])
FACES = np.array(
    [(0, 1, 3), (0, 3, 2), (4, 6, 7), (4, 7, 5), (0, 4, 5), (0, 5, 1), (2, 3, 7), (2, 7, 6), (0, 2, 6), (0, 6, 4),
     (1, 5, 7), (1, 7, 3)]
)  # fmt: skip
SIZE = np.array((0.03, 0.04, 0.12))


def box(offset=(0.0, 0.0, 0.0), faces=FACES):
    return centred("box", "boxes", CORNERS * SIZE + np.asarray(offset), faces)


def volume(mesh):
    a, b, c = (mesh.vertices[mesh.faces[:, i]] for i in range(3))
    return np.einsum("ij,ij->", a, np.cross(b, c)) / 6.0


def write_obj(path, vertices, faces=FACES):
    lines = [f"v {x} {y} {z}" for x, y, z in vertices] + [f"f {a + 1} {b + 1} {c + 1}" for a, b, c in faces]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_box_has_the_extents_and_diagonal_of_a_box():
    mesh = box()
    assert mesh.extents_m == pytest.approx(SIZE)
    assert mesh.diameter_m == pytest.approx(0.13)
    assert mesh.watertight


def test_origin_is_the_centre_of_the_bounding_box_wherever_the_mesh_was():
    assert box(offset=(5.0, -3.0, 0.7)).vertices == pytest.approx(box().vertices)


def test_a_mesh_that_lacks_a_face_is_not_watertight():
    assert not box(faces=FACES[:-1]).watertight


def test_a_mesh_that_is_inside_out_is_turned():
    assert volume(box(faces=FACES[:, ::-1])) == pytest.approx(SIZE.prod())


def test_scaled_scales_lengths():
    assert box().scaled(2.0).diameter_m == pytest.approx(0.26)


@pytest.mark.parametrize(("unit", "factor"), [("mm", 1e-3), ("cm", 1e-2), ("in", 0.0254), ("m", 1.0)])
def test_unit_scales_the_file(tmp_path, unit, factor):
    path = write_obj(tmp_path / "box.obj", CORNERS * SIZE / factor)
    mesh = load_mesh(path, unit, category="boxes")
    assert mesh.extents_m == pytest.approx(SIZE)
    assert (mesh.name, mesh.category, len(mesh.faces)) == ("box", "boxes", 12)
    assert mesh.watertight


@pytest.mark.parametrize(
    ("name", "content", "unit", "cure"),
    [
        ("box.obj", None, "furlong", "known: mm"),
        ("box.xyz", b"", "mm", "use .stl"),
        ("gone.stl", None, "mm", "check the path"),
        ("broken.stl", b"not a mesh", "mm", "export it"),
        ("empty.obj", b"v 0 0 0\n", "mm", "export"),
    ],
)
def test_errors_name_the_cure(tmp_path, name, content, unit, cure):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(MeshError, match=cure):
        load_mesh(tmp_path / name, unit)


def test_the_wrong_unit_is_suspected_when_the_size_is_impossible(tmp_path):
    path = write_obj(tmp_path / "box.obj", CORNERS * SIZE * 1e3)
    with pytest.raises(MeshError, match="check the unit"):
        load_mesh(path, "m")


def test_faces_that_name_no_vertex_are_refused():
    with pytest.raises(MeshError, match="vertices that do not exist"):
        centred("bad", "", CORNERS, FACES + 1)


def test_coordinates_that_are_not_finite_are_refused():
    corners = CORNERS.copy()
    corners[0, 0] = np.nan
    with pytest.raises(MeshError, match="not finite"):
        centred("bad", "", corners, FACES)


def test_samples_lie_on_the_surface_with_outward_normals_in_proportion_to_area():
    mesh = box()
    points, normals = sample_surface(mesh, 20_000, np.random.default_rng(0))
    assert points.dtype == normals.dtype == np.float32
    side = np.abs(normals).argmax(axis=1)
    rows = np.arange(len(points))
    assert points[rows, side] == pytest.approx(np.sign(normals[rows, side]) * SIZE[side] / 2.0, abs=1e-7)
    areas = SIZE.prod() / SIZE
    assert np.bincount(side) / len(side) == pytest.approx(areas / areas.sum(), abs=0.02)


def test_the_same_seed_gives_the_same_samples():
    first, second = (sample_surface(box(), 10, np.random.default_rng(3))[0] for _ in range(2))
    assert np.array_equal(first, second)


def test_step_says_its_own_unit(tmp_path):
    pytest.importorskip("cascadio", reason="the `cad` extra is not installed")
    (tmp_path / "box.step").write_text(step_box(30.0, 40.0, 120.0))
    assert load_mesh(tmp_path / "box.step", "m").extents_m == pytest.approx(SIZE)


def test_step_without_its_extra_names_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "cascadio", None)
    (tmp_path / "box.step").write_text(step_box(30.0, 40.0, 120.0))
    with pytest.raises(MissingDependencyError, match=r"srclib-ros\[cad\]"):
        load_mesh(tmp_path / "box.step", "mm")
