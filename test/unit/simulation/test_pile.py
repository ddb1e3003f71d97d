"""Piles: rest heights by arithmetic, everything in the bin and out of each other, the same seed the same pile."""

from __future__ import annotations

import numpy as np
import pytest
from manifold3d import Manifold, Mesh64

from srclib_ros.errors import SimulationError
from srclib_ros.simulation.parts import generate_parts
from srclib_ros.simulation.pile import BinPhysics, drop_parts

BIN = (0.36, 0.26, 0.12)


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def parts():
    return {part.name: part for part in generate_parts()}


def placed(part, T):
    return part.vertices @ T[:3, :3].T + T[:3, 3]


def test_a_cylinder_comes_to_rest_on_its_side_or_end(parts):
    pin = parts["pin_16x60"]
    ((index, T),) = drop_parts([pin], BIN, np.random.default_rng(0))
    assert index == 0
    height = T[2, 3]
    assert min(abs(height - 0.008), abs(height - 0.030)) < 2e-4
    assert placed(pin, T)[:, 2].min() == pytest.approx(0.0, abs=2e-4)


def test_parts_lie_in_the_bin_and_not_in_each_other(parts):
    chosen = [parts[name] for name in ("hex_nut_m20", "pin_16x60", "hex_bolt_m10x60", "washer_m16") for _ in range(4)]
    poses = BinPhysics(chosen, BIN).drop(np.random.default_rng(1))
    assert len(poses) == len(chosen)
    solids = []
    for index, T in poses:
        points = placed(chosen[index], T)
        assert (np.abs(points[:, :2]).max(axis=0) < np.array(BIN[:2]) / 2.0 + 5e-4).all()
        assert points[:, 2].min() > -5e-4
        solids.append(Manifold(Mesh64(points * 1e3, chosen[index].faces.astype(np.uint64))))
    for i, first in enumerate(solids):
        for second in solids[i + 1 :]:
            assert thickness_mm(first ^ second) < 0.5


def thickness_mm(overlap):
    """The least extent of each connected overlap along its own axes, the largest of them."""
    thick = 0.0
    for piece in overlap.decompose():
        points = np.asarray(piece.to_mesh64().vert_properties)[:, :3]
        axes = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)[2]
        thick = max(thick, np.ptp(points @ axes.T, axis=0).min())
    return thick


def test_the_same_seed_gives_the_same_pile_however_often_the_bin_was_used(parts):
    physics = BinPhysics([parts["hex_nut_m20"], parts["pin_16x60"]], BIN)
    first = physics.drop(np.random.default_rng(2))
    physics.drop(np.random.default_rng(3))
    second = physics.drop(np.random.default_rng(2))
    assert all(np.array_equal(a[1], b[1]) for a, b in zip(first, second, strict=True))


def test_some_of_the_parts_can_be_dropped(parts):
    physics = BinPhysics([parts["pin_10x40"]] * 4, BIN)
    poses = physics.drop(np.random.default_rng(0), which=(1, 3))
    assert [index for index, _ in poses] == [1, 3]
    assert physics.deepest_contact_m(poses) < 5e-4


def test_parts_that_do_not_fit_end_up_outside_and_are_left_out(parts):
    tiny = (0.06, 0.06, 0.01)
    poses = drop_parts([parts["hex_nut_m24"]] * 6, tiny, np.random.default_rng(0))
    assert 0 < len(poses) < 6


def test_a_part_larger_than_the_bin_is_refused(parts):
    with pytest.raises(SimulationError, match="larger bin"):
        drop_parts([parts["lever_110"]], (0.08, 0.08, 0.05), np.random.default_rng(0))


def test_no_parts_make_an_empty_bin():
    assert drop_parts([], BIN, np.random.default_rng(0)) == []
