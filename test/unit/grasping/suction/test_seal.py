"""Seals whose answer anyone can tell: flat, edge, hole, step, sphere, cylinder, tilt."""

from __future__ import annotations

import manifold3d as m3
import numpy as np
import pytest
from support.suction_parts import cup_at, hole, part_of, slab

pytest.importorskip("open3d")

from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.grasping.gripper import as_cup, load_gripper
from srclib_ros.grasping.suction.seal import LEAKS, Leak, Seals, SealTest
from srclib_ros.types import Matrix

CUP = as_cup(load_gripper("suction"), "this test")  # of 10 mm radius; its lip closes 1 mm and 15 degrees
PLATE = part_of(slab(60, 60, 8))


def under(part: PartMesh, *T: Matrix) -> Seals:
    return SealTest(part, CUP)(np.stack(T))


def leak_of(part: PartMesh, T: Matrix) -> Leak | None:
    found = under(part, T).leak[0]
    return None if found < 0 else LEAKS[found]


def pierced(diameter_mm: float, **where: float) -> PartMesh:
    return part_of(slab(60, 60, 8) - hole(diameter_mm, **where))


def stepped(height_mm: float) -> PartMesh:
    return part_of(slab(60, 60, 8) + slab(30, 60, 8).translate((15, 0, height_mm)))


def ball(radius_mm: float) -> PartMesh:
    return part_of(m3.Manifold.sphere(radius_mm, 256).translate((0, 0, -radius_mm)))


def lying_cylinder(radius_mm: float) -> PartMesh:
    upright = m3.Manifold.cylinder(80, radius_mm, radius_mm, 256, True)
    return part_of(upright.rotate((90, 0, 0)).translate((0, 0, -radius_mm)))


def rough(gap_mm: float) -> PartMesh:
    """Ribs 3 mm wide and so high, every 6 mm."""
    ribs = [slab(3, 60, 8).translate((x, 0, gap_mm)) for x in range(-27, 30, 6)]
    return part_of(m3.Manifold.batch_boolean([slab(60, 60, 8), *ribs], m3.OpType.Add))


@pytest.mark.parametrize(
    ("part", "T", "leak"),
    [
        (PLATE, cup_at(), None),
        (PLATE, cup_at(x_mm=19.5), None),
        (PLATE, cup_at(x_mm=21.0), Leak.OFF_THE_PART),
        (pierced(4, x_mm=10), cup_at(), Leak.OFF_THE_PART),
        (pierced(4, x_mm=15), cup_at(), None),
        (pierced(4), cup_at(), Leak.HOLE),
        (pierced(6, depth_mm=5), cup_at(), None),
        (pierced(30), cup_at(), Leak.OFF_THE_PART),
        (pierced(14), cup_at(), Leak.HOLE),
        (ball(19), cup_at(), Leak.STEEP),
        (ball(25), cup_at(), None),
        (lying_cylinder(45), cup_at(), Leak.UNEVEN),
        (lying_cylinder(60), cup_at(), None),
        (PLATE, cup_at(tilt_deg=14.0), None),
        (PLATE, cup_at(tilt_deg=16.0), Leak.TILTED),
        (stepped(0.8), cup_at(), None),
        (stepped(1.3), cup_at(), Leak.UNEVEN),
        (part_of(slab(16, 60, 8)), cup_at(), Leak.OFF_THE_PART),
        (part_of(slab(21, 60, 8)), cup_at(), None),
        (rough(0.7), cup_at(), None),
        (rough(1.4), cup_at(), Leak.UNEVEN),
        (PLATE, cup_at(z_mm=4.5), None),
        (PLATE, cup_at(z_mm=6.0), Leak.FAR),
        (PLATE, cup_at(z_mm=-6.0), Leak.FAR),
    ],
    ids=[
        "flat plate", "near its edge", "over its edge", "hole under the lip", "hole beside the lip", "hole within",
        "blind hole within", "hole wider than the cup", "ring", "small ball", "larger ball", "cylinder",
        "larger cylinder", "leans 14", "leans 16", "low step", "high step", "narrow bar", "bar as wide as the cup",
        "ribs", "high ribs", "pressed on", "does not reach", "crushed",
    ],
)  # fmt: skip
def test_known_seals(part: PartMesh, T: Matrix, leak: Leak | None) -> None:
    assert leak_of(part, T) is leak


def test_all_is_spare_on_a_plate_and_nothing_where_it_leaks() -> None:
    found = under(PLATE, cup_at(), cup_at(tilt_deg=7.5), cup_at(x_mm=25.0))
    assert found.spare[0] > 0.99
    assert found.spare[1] == pytest.approx(0.5, abs=0.01)
    assert found.spare[2] == 0
    assert found.sealed.tolist() == [True, True, False]
    assert np.isnan(found.offset_m[2])


def test_where_the_lip_sits_is_told() -> None:
    found = under(PLATE, cup_at(z_mm=2.0), cup_at(tilt_deg=10.0))
    assert found.offset_m[0] == pytest.approx(0.002, abs=1e-6)
    np.testing.assert_allclose(found.normal_object, np.tile((0, 0, 1), (2, 1)), atol=1e-5)


def test_a_turn_about_the_approach_changes_nothing() -> None:
    turn = np.eye(4)
    turn[:2, :2] = (0.8, -0.6), (0.6, 0.8)
    one, other = (under(ball(40), cup_at(x_mm=3.0) @ T).spare[0] for T in (np.eye(4), turn))
    assert one == pytest.approx(other, abs=0.01)


def test_no_cups_have_no_seals() -> None:
    found = SealTest(PLATE, CUP)(np.zeros((0, 4, 4)))
    assert len(found.sealed) == 0


def test_from_inside_a_part_nothing_seals() -> None:
    """Rays that start in the material meet its far side from behind."""
    assert leak_of(part_of(slab(60, 60, 30)), cup_at(z_mm=-28.0)) is Leak.STEEP
