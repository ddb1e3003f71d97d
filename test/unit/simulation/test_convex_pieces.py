"""Convex pieces: they hold the part, keep its holes, and are found again."""

from __future__ import annotations

import numpy as np
import pytest
from manifold3d import Manifold, Mesh64, OpType
from scipy.spatial import ConvexHull

from srclib_ros.geometry.mesh import PartMesh, sample_surface
from srclib_ros.simulation import convex_pieces as module
from srclib_ros.simulation.convex_pieces import convex_pieces, decompose
from srclib_ros.simulation.parts import generate_parts


@pytest.fixture(scope="module")
def parts():
    return {part.name: part for part in generate_parts()}


def volume(mesh):
    return Manifold(Mesh64(mesh.vertices * 1e3, mesh.faces.astype(np.uint64))).volume()


def union_volume(pieces):
    return Manifold.batch_boolean([Manifold.hull_points(piece * 1e3) for piece in pieces], OpType.Add).volume()


def inside(pieces, points):
    """Which of the points (N, 3) lie in some piece."""
    planes = [ConvexHull(piece).equations for piece in pieces]
    return np.any([(points @ plane[:, :3].T + plane[:, 3] < 1e-9).all(axis=1) for plane in planes], axis=0)


def test_a_convex_part_is_one_piece(parts):
    assert len(decompose(parts["pin_16x60"])) == 1


@pytest.mark.parametrize("name", ["ring_25x47x12", "hex_nut_m20", "pipe_34x50", "washer_m24_fender"])
def test_holes_stay_open(parts, name):
    pieces = decompose(parts[name])
    assert not inside(pieces, np.zeros((1, 3)))
    assert 3 < len(pieces) <= 2 * module.MAX_PIECES
    assert union_volume(pieces) < 1.15 * volume(parts[name])


@pytest.mark.parametrize("name", ["l_bracket_60x40", "tee_20", "lever_60"])
def test_pieces_hold_the_part(parts, name):
    pieces = decompose(parts[name])
    points, normals = sample_surface(parts[name], 2000, np.random.default_rng(0))
    assert inside(pieces, points - 3e-4 * normals).all()
    assert union_volume(pieces) < 1.45 * volume(parts[name])


def test_pieces_are_found_again(parts, tmp_path, monkeypatch):
    first = convex_pieces(parts["hex_bolt_m8x40"], tmp_path)
    monkeypatch.setattr(module, "decompose", lambda mesh: pytest.fail("computed twice"))
    again = convex_pieces(parts["hex_bolt_m8x40"], tmp_path)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))


def test_a_damaged_cache_is_computed_again(parts, tmp_path):
    first = convex_pieces(parts["hex_bolt_m8x40"], tmp_path)
    (path,) = tmp_path.glob("*.safetensors")
    path.write_bytes(b"truncated")
    again = convex_pieces(parts["hex_bolt_m8x40"], tmp_path)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))


def test_an_open_mesh_has_pieces_too(parts):
    pytest.importorskip("coacd")
    part = parts["pin_20x35"]
    opened = PartMesh("open", "", part.vertices, part.faces[2:])
    pieces = decompose(opened)
    assert inside(pieces, np.zeros((1, 3)))
