from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("mujoco")

from support.retrieval_parts import angle_plate

from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.simulation.falling import falling


def test_an_open_mesh_falls_as_its_hull_and_a_sheet_not_at_all() -> None:
    plate = angle_plate()
    open_plate = PartMesh("open", "", plate.vertices, plate.faces[2:])
    sheet = PartMesh("sheet", "", np.array([[0, 0, 0], [0.05, 0, 0], [0, 0.05, 0.0]]), np.array([[0, 1, 2]], np.int32))
    found = falling([plate, open_plate, sheet, plate.scaled(0.3), plate.scaled(10.0)])
    assert list(found.bodies) == [0, 1]
    assert found.bodies[0] is plate
    assert found.bodies[1].watertight
    assert (found.as_hull, found.without_physics, found.too_small, found.too_large) == (1, 1, 1, 1)
