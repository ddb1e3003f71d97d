"""Which grasps are free where a part lies: of a plate on the floor those from above alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("mujoco")

from support.grasp_parts import boxes

from srclib_ros.grasping.candidates import generate_candidates
from srclib_ros.grasping.gripper import as_jaw, load_gripper
from srclib_ros.training.resting import freeness, most_useful

JAW = as_jaw(load_gripper("jaw"), "this test")
PLATE = boxes(((0, 0, 0), (0.09, 0.03, 0.008)))


def test_the_most_useful_add_most_to_what_the_others_leave() -> None:
    free = np.array([[0.9, 0.8, 0.0], [0.9, 0.8, 0.0], [0.0, 0.0, 0.5]], np.float32)
    assert most_useful(free, 3).tolist() == [0, 2, 1]
    assert most_useful(free, 2).tolist() == [0, 2]
    assert most_useful(np.zeros((4, 3), np.float32), 2).tolist() == []
    assert most_useful(np.ones((2, 3), np.float32), 3).tolist() == [0]


def test_a_plate_that_lies_flat_has_free_grasps_from_above(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fingertips that reached far past its middle would hit the floor: some stop short of its far side."""
    monkeypatch.setattr("srclib_ros.training.resting.copies_in_bin", lambda mesh: 1)
    found = generate_candidates(PLATE, JAW, np.random.default_rng(0), 240)
    free = freeness(PLATE, replace(found, quality=np.ones(len(found))), JAW, np.random.default_rng(1), 6)
    usable = found.T_object_tcp[free.max(axis=0) > 0.2]
    assert len(usable) and (free.max(axis=1) > 0.2).mean() > 0.6
    from_above = usable[np.abs(usable[:, 2, 2]) > 0.9]
    assert len(from_above) and (np.abs(from_above[:, 1, 1]) > 0.8).any()
