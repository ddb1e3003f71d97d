"""What is the same part is merged however it lies; what differs by more than the noise is not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from support.grasp_parts import boxes
from support.retrieval_parts import angle_plate, mirrored, moved

from srclib_ros.training.retrieval.registration import registered_distance, surface_of
from srclib_ros.training.retrieval.twins import Twins, indistinguishable


def test_a_part_registers_onto_itself_however_it_lies(rng: np.random.Generator) -> None:
    plate = angle_plate()
    other = moved(plate, Rotation.random(rng=rng).as_matrix(), "turned")
    assert registered_distance(surface_of(plate, rng), surface_of(other, rng)) < 2e-5


def test_a_square_bar_registers_although_two_of_its_axes_are_open(rng: np.random.Generator) -> None:
    bar = boxes(((0.0, 0.0, 0.0), (0.02, 0.02, 0.06)))
    other = moved(bar, Rotation.random(rng=rng).as_matrix(), "turned")
    assert registered_distance(surface_of(bar, rng), surface_of(other, rng)) < 2e-5


def test_two_concentric_cubes_lie_half_their_difference_apart(rng: np.random.Generator) -> None:
    """Edges 40 and 42 mm: every face is 1 mm off the other's; only points beyond an edge are a little farther."""
    small, large = (boxes(((0.0, 0.0, 0.0), (edge, edge, edge))) for edge in (0.04, 0.042))
    assert registered_distance(surface_of(small, rng), surface_of(large, rng)) == pytest.approx(1e-3, rel=0.1)


def test_a_mirror_image_is_another_part(rng: np.random.Generator) -> None:
    plate = angle_plate(foot_m=0.06)
    assert registered_distance(surface_of(plate, rng), surface_of(mirrored(plate, "left"), rng)) > 4e-4


def test_copies_are_merged_and_scaled_ones_only_without_size(rng: np.random.Generator) -> None:
    plate = angle_plate()
    parts = [
        plate,
        angle_plate("longer", foot_m=0.06),
        moved(plate, Rotation.random(rng=rng).as_matrix(), "copy"),
        moved(plate.scaled(1.5), Rotation.random(rng=rng).as_matrix(), "large"),
    ]
    names = [part.name for part in parts]
    assert indistinguishable(parts, 0).named(names) == [["plate", "copy"]]
    assert indistinguishable(parts, 0, scale_free=True).named(names) == [["plate", "copy", "large"]]


def test_counts() -> None:
    twins = Twins(np.array([0, 1, 0, 2, 1, 1]))
    assert (twins.groups, twins.parts_merged) == (3, 5)
    assert twins.named(list("abcdef")) == [["a", "c"], ["b", "e", "f"]]
