"""Inertia of bodies with closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from srclib_ros.geometry.inertia import inertia
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.simulation.parts import generate_parts
from srclib_ros.simulation.parts.solid import block


def mesh_of(solid, move=(0.0, 0.0, 0.0)):
    mesh = solid.translate(move).to_mesh64()
    return PartMesh("solid", "", np.asarray(mesh.vert_properties)[:, :3], np.asarray(mesh.tri_verts, np.int32))


def test_box_by_the_textbook_wherever_it_lies():
    x, y, z = 2.0, 3.0, 4.0
    got = inertia(mesh_of(block(x, y, z), move=(7.0, -5.0, 1.0)))
    assert got.volume_m3 == pytest.approx(x * y * z)
    assert got.centre == pytest.approx((7.0, -5.0, 1.0 + z / 2.0))
    moments = x * y * z / 12.0 * np.array((y * y + z * z, x * x + z * z, x * x + y * y))
    assert got.tensor == pytest.approx(np.diag(moments), abs=1e-9)


def test_an_open_mesh_counts_as_its_hull():
    closed = mesh_of(block(2.0, 3.0, 4.0))
    opened = PartMesh("open", "", closed.vertices, closed.faces[:-1])
    assert inertia(opened).volume_m3 == pytest.approx(24.0)
    assert inertia(opened).centre == pytest.approx(inertia(closed).centre)


def test_every_part_can_exist():
    for part in generate_parts()[::7]:
        moments = np.linalg.eigvalsh(inertia(part).tensor)
        assert moments[0] > 0.0
        assert moments[0] + moments[1] > moments[2]
