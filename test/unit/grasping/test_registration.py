"""One part turned onto another: a turned and scaled copy is found again, and its candidates are its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.grasping.registration import nearest_candidates, register
from test.support.grasp_parts import bent_plate, boxes, object_model

SOURCE = object_model(bent_plate(), candidates=6)
SOURCE.candidates.T_object_tcp[:, 0, 3] = np.linspace(-0.02, 0.02, 6)


def turned_copy(R, scale):
    """The source's part as another file would have it: turned, larger, its candidates in another order."""
    mesh = bent_plate()
    part = object_model(PartMesh("copy", "", scale * mesh.vertices @ R.T, mesh.faces))
    T = SOURCE.candidates.T_object_tcp.copy()
    T[:, :3, 3] = scale * T[:, :3, 3] @ R.T
    T[:, :3, :3] = R @ T[:, :3, :3]
    order = [3, 0, 5, 1, 4, 2]
    return replace(part, candidates=replace(SOURCE.candidates, T_object_tcp=T[order])), order


@pytest.mark.parametrize("seed", range(4))
def test_a_turned_and_scaled_copy_is_found_again(seed):
    R = Rotation.random(rng=np.random.default_rng(seed)).as_matrix()
    copy, order = turned_copy(R, 1.7)
    found = register(copy, SOURCE)
    assert Rotation.from_matrix(found.R_source_target @ R).magnitude() < np.deg2rad(2.0)
    assert found.apart < 0.02
    index, distance = nearest_candidates(copy, SOURCE, found)
    assert index.tolist() == order and distance.max() < 0.03


def test_another_part_lies_further_away():
    block = object_model(boxes(((0, 0, 0), (0.04, 0.04, 0.04))))
    assert register(block, SOURCE).apart > 2.0 * register(SOURCE, SOURCE).apart + 0.03


def test_it_is_a_turn_and_no_mirror():
    mirrored = object_model(PartMesh("m", "", bent_plate().vertices * (1.0, 1.0, -1.0), bent_plate().faces[:, ::-1]))
    assert np.linalg.det(register(mirrored, SOURCE).R_source_target) == pytest.approx(1.0)
