"""Suction candidates of parts whose good places are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.suction_parts import hole, part_of, slab

pytest.importorskip("open3d")

from srclib_ros.geometry.mesh import PartMesh, sample_surface
from srclib_ros.geometry.transforms import is_rigid
from srclib_ros.grasping.candidates import GraspCandidates, generate_candidates
from srclib_ros.grasping.diversity import grasp_coordinates
from srclib_ros.grasping.gripper import as_cup, load_gripper
from srclib_ros.grasping.suction.cup import SuctionCup
from srclib_ros.grasping.suction.seal import SealTest
from srclib_ros.grasping.symmetry import symmetry_group

CUP = as_cup(load_gripper("suction"), "this test")
PLATE = part_of(slab(70, 50, 6))


def of(part: PartMesh = PLATE, cup: SuctionCup = CUP, **changes: object) -> GraspCandidates:
    return generate_candidates(part, cup, np.random.default_rng(0), k=24, **changes)


@pytest.fixture(scope="module")
def of_plate() -> GraspCandidates:
    return of()


def test_a_plate_is_taken_from_either_side_square_to_it(of_plate: GraspCandidates) -> None:
    assert len(of_plate) == 24 and of_plate.gripper == "suction"
    assert all(is_rigid(T) for T in of_plate.T_object_tcp)
    np.testing.assert_allclose(np.abs(of_plate.T_object_tcp[:, 2, 2]), 1, atol=1e-5)
    assert set(np.sign(of_plate.T_object_tcp[:, 2, 2])) == {-1, 1}
    z_mm = np.where(of_plate.T_object_tcp[:, 2, 2] < 0, 0, -6.0)
    np.testing.assert_allclose(of_plate.T_object_tcp[:, 2, 3] * 1e3, z_mm, atol=1e-3)
    assert (of_plate.width_m == 0).all()


def test_they_seal_and_the_best_is_near_the_middle(of_plate: GraspCandidates) -> None:
    assert SealTest(PLATE, CUP)(of_plate.T_object_tcp).sealed.all()
    assert (np.abs(of_plate.T_object_tcp[:, :2, 3]) <= (0.025, 0.015)).all()
    assert (np.diff(of_plate.quality) <= 0).all()
    assert ((of_plate.quality > 0) & (of_plate.quality <= 1)).all()
    assert np.linalg.norm(of_plate.T_object_tcp[0, :2, 3]) < 0.012
    assert of_plate.quality[0] > 0.8


def test_a_heavy_plate_is_held_at_its_centre_or_not_at_all() -> None:
    light, heavy = (
        np.linalg.norm(of(density_kg_m3=density).T_object_tcp[:, :2, 3], axis=1) for density in (500.0, 20_000.0)
    )
    assert heavy.max() < 0.012 < light.max()
    assert len(of(density_kg_m3=50_000.0)) == 0


def test_images_under_symmetry_and_turns_are_counted_once() -> None:
    group = symmetry_group(_even(PLATE), PLATE.diameter_m)
    assert len(group) == 4
    found = of(symmetry=group)
    assert len(found) < 24  # one corner of one side stands for all
    points = grasp_coordinates(found.T_object_tcp, PLATE.diameter_m, turns_freely=True)
    for i, T in enumerate(found.T_object_tcp):
        images = grasp_coordinates(group @ T, PLATE.diameter_m, turns_freely=True)
        away = np.linalg.norm(points[:, None] - images[None], axis=2).min(axis=1)
        assert (np.delete(away, i) > 0.05 * PLATE.diameter_m).all()


def test_a_place_where_a_shift_leaks_is_worth_less() -> None:
    """On a bar 0.6 mm wider than the cup none of the seals survives a millimetre across."""
    narrow, wide = (of(part_of(slab(70, width, 6)), density_kg_m3=100.0).quality.max() for width in (20.6, 23.0))
    assert narrow < 0.7 < wide


def test_the_holder_stays_clear_of_the_part() -> None:
    """A deep box open at the top: its floor is flat, but the walls are in the holder's way."""
    deep = part_of(slab(60, 60, 80) - slab(50, 50, 76))
    short = replace(CUP, tube_length_m=0.02)
    assert not any((T[2, 3] < -0.01) and (T[2, 2] < -0.9) for T in of(deep, short, density_kg_m3=300.0).T_object_tcp)
    long = replace(CUP, tube_length_m=0.12)
    assert any((T[2, 3] < -0.07) and (T[2, 2] < -0.9) for T in of(deep, long, density_kg_m3=300.0).T_object_tcp)


def test_a_narrow_bar_and_a_perforated_plate_have_none() -> None:
    assert len(of(part_of(slab(80, 12, 12)))) == 0
    holes = sum((hole(6).translate((x, y, 0)) for x in range(-30, 31, 10) for y in range(-20, 21, 10)), hole(6))
    assert len(of(part_of(slab(70, 50, 6) - holes))) == 0


def test_the_seed_decides(of_plate: GraspCandidates) -> None:
    np.testing.assert_array_equal(of_plate.T_object_tcp, of().T_object_tcp)


def _even(part: PartMesh) -> np.ndarray:
    return sample_surface(part, 20_000, np.random.default_rng(0))[0]
