"""Meshes that enclose no volume: what is wrong with them is mended, or told."""

from __future__ import annotations

from dataclasses import replace

import manifold3d as m3
import numpy as np
import pytest

from srclib_ros.errors import MeshError
from srclib_ros.geometry.closing import closed, filled_share
from srclib_ros.geometry.inertia import inertia
from test.support.suction_parts import part_of

PIPE = part_of(m3.Manifold.cylinder(60, 15, 15, 32, True) - m3.Manifold.cylinder(80, 10, 10, 32, True))
BLOCK = part_of(m3.Manifold.cube((40, 30, 20), True))
BALL = part_of(m3.Manifold.sphere(20, 48))


def without(part, drop):
    """The part without the faces whose three corners `drop` holds for."""
    gone = drop(part.vertices)[part.faces].all(axis=1)
    assert gone.any()
    return replace(part, faces=part.faces[~gone])


def shattered(part, noise_m=0.0):
    """Every face with corners of its own, as an STL has them, a little apart."""
    corners = part.vertices[part.faces].reshape(-1, 3)
    corners = corners + np.random.default_rng(0).normal(0.0, noise_m, corners.shape)
    return replace(part, vertices=corners, faces=np.arange(len(corners), dtype=np.int32).reshape(-1, 3))


def turned(part, every=3):
    faces = part.faces.copy()
    faces[::every] = faces[::every, ::-1]
    return replace(part, faces=faces)


def test_a_closed_mesh_is_left_as_it_is():
    assert closed(PIPE) is PIPE
    assert filled_share(PIPE, closed(PIPE)) == 0.0


def test_how_much_of_a_closed_mesh_was_open_is_told():
    box = without(BLOCK, lambda xyz: xyz[:, 2] > 0.009)
    assert filled_share(box, closed(box)) == pytest.approx(1200 / 5200, rel=1e-6)


@pytest.mark.parametrize(
    ("part", "broken"),
    [
        (BLOCK, without(BLOCK, lambda xyz: xyz[:, 2] > 0.0099)),
        (PIPE, without(PIPE, lambda xyz: xyz[:, 2] > 0.0299)),
        (PIPE, without(without(PIPE, lambda xyz: xyz[:, 2] > 0.0299), lambda xyz: xyz[:, 2] < -0.0299)),
        (BALL, without(BALL, lambda xyz: np.linalg.norm(xyz - (0.0, 0.0, 0.02), axis=1) < 0.003)),
        (PIPE, shattered(PIPE)),
        (PIPE, shattered(PIPE, 1e-7)),
        (PIPE, turned(PIPE)),
        (BLOCK, turned(BLOCK, 2)),
        (PIPE, replace(PIPE, faces=np.concatenate([PIPE.faces, PIPE.faces[:1], PIPE.faces[:1]]))),
        (BLOCK, replace(BLOCK, faces=np.concatenate([BLOCK.faces, np.roll(BLOCK.faces, 1, axis=1)]))),
        (PIPE, replace(PIPE, faces=np.concatenate([PIPE.faces, [[0, 1, 9]], [[1, 0, 9]]]).astype(np.int32))),
        (PIPE, turned(without(without(PIPE, lambda xyz: xyz[:, 2] > 0.0299), lambda xyz: xyz[:, 2] < -0.0299))),
    ],
    ids=[
        "no lid", "a ring is open", "two rings are open", "a small hole in a ball", "corners of its own",
        "corners a little apart", "faces turned", "half of the faces turned", "a face three times", "all faces twice",
        "a fin of no thickness", "turned and open",
    ],
)  # fmt: skip
def test_what_can_be_mended_is_and_the_volume_is_as_before(part, broken):
    assert not broken.watertight
    mended = closed(broken)
    assert mended.watertight
    assert inertia(mended).volume_m3 == pytest.approx(inertia(part).volume_m3, rel=0.01)


def test_a_large_hole_that_is_not_flat_is_told_with_its_place_and_the_cure():
    lens = without(BALL, lambda xyz: (np.abs(xyz[:, 0]) < 0.012) & (xyz[:, 2] > 0.0))
    with pytest.raises(MeshError, match=r"part: encloses no volume: \d+ edges lie open.*mm; close it in CAD"):
        closed(lens)


def test_surfaces_that_meet_in_one_edge_are_told():
    fin = np.array([[*BLOCK.faces[0, :2], len(BLOCK.vertices)]], np.int32)
    finned = replace(
        BLOCK, vertices=np.vstack([BLOCK.vertices, [[0.1, 0.0, 0.0]]]), faces=np.concatenate([BLOCK.faces, fin])
    )
    with pytest.raises(MeshError, match="encloses no volume"):
        closed(finned)
