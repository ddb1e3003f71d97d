"""What lies within 2 % of its diameter of a training part, however it lies, is known; a scaled copy is not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from support.grasp_parts import boxes
from support.retrieval_parts import angle_plate, moved

from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.training.retrieval import near_duplicates as room
from srclib_ros.training.retrieval.near_duplicates import near_duplicates
from srclib_ros.training.retrieval.registration import registered_distance, surface_of


def cube(edge_m: float) -> PartMesh:
    return boxes(((0.0, 0.0, 0.0), (edge_m, edge_m, edge_m)))


def test_what_was_trained_on_is_found_however_it_lies(rng: np.random.Generator) -> None:
    plate = angle_plate()
    turned = moved(plate, Rotation.random(rng=rng).as_matrix(), "turned")
    asked = [turned, plate.scaled(1.2), angle_plate(foot_m=0.06)]
    assert near_duplicates(asked, [angle_plate(foot_m=0.1), plate], 0).tolist() == [True, False, False]
    assert near_duplicates(asked, [], 0).tolist() == [False] * 3


def test_the_border_is_two_percent_of_the_diameter() -> None:
    """Cubes of 40 mm and of 40 + 2 d lie 2 d apart both ways together; 2 % of the diagonal: 1.4 to 1.5 mm."""
    larger = [cube(0.04 + 2.0 * apart_m) for apart_m in (0.0006, 0.0009)]
    assert near_duplicates(larger, [cube(0.04)], 0).tolist() == [True, False]


def test_parts_of_other_proportions_are_not_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    registered = []

    def counted(*arguments: object) -> float:
        registered.append(arguments)
        return np.inf

    monkeypatch.setattr(room, "registered_distance", counted)
    near_duplicates([cube(0.04)], [cube(0.02), angle_plate(foot_m=0.1), cube(0.041)], 0)
    assert len(registered) == 1


def test_what_is_hopelessly_far_is_not_refined(rng: np.random.Generator) -> None:
    small, large = surface_of(cube(0.04), rng), surface_of(cube(0.05), rng)
    assert registered_distance(small, large, 0.001) == np.inf
    assert registered_distance(small, large, 0.01) == registered_distance(small, large) < 0.01
