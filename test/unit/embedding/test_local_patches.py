"""Patches: their moments by hand, unmoved by turning and scaling; Fisher vectors against their definition."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from srclib_ros.embedding.local_patches import LENGTH, MOMENTS, RADII, PatchWords, patch_moments
from srclib_ros.types import FloatArray

ONE = np.ones(1, np.float32)


@pytest.fixture
def cloud(rng: np.random.Generator) -> FloatArray:
    """(1, 256, 6) on half an egg, radius some 1."""
    points = rng.standard_normal((256, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    points[:, 2] = np.abs(points[:, 2])
    axes = np.array((1.2, 0.9, 0.6))
    normals = points / axes
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return np.concatenate([points * axes, normals], axis=1).astype(np.float32)[None]


def test_a_level_plate_by_hand() -> None:
    """Nine points, 0.2 apart; all within 0.8 and 1.3 of the middle one."""
    x, y = (axis.ravel() * 0.2 for axis in np.meshgrid((-1, 0, 1), (-1, 0, 1)))
    plate = np.stack([x, y, 0 * x, 0 * x, 0 * x, 0 * x + 1], axis=1).astype(np.float32)[None]
    # the middle one of nine is the only seed
    found = patch_moments(plate, ONE, 1).reshape(len(RADII), MOMENTS)
    weight = np.maximum(1 - (x**2 + y**2) / 0.64, 0) ** 2
    spread = np.array([weight @ x**2, weight @ y**2]) / weight.sum() / 0.64
    wanted = [
        np.log(weight.sum() / 9 + 1e-3),
        np.sqrt(spread.sum()),
        np.linalg.norm(spread) ** 0.5,
        0.0,  # a plate has no volume
        1.0,  # one direction of all normals
        0.0,
        0.0,  # its middle is the seed
        0.0,
        1.0,  # all normals as the seed's
        0.0,  # nothing rises above the plate
        0.0,
        0.0,
    ]
    np.testing.assert_allclose(found[RADII.index(0.8)], wanted, atol=2e-3)


def test_a_hole_and_an_edge_are_told_from_a_plate(rng: np.random.Generator) -> None:
    def plate(keep: float, fold: bool) -> FloatArray:
        points = np.concatenate([rng.uniform(-1, 1, (4000, 2)), np.zeros((4000, 1))], axis=1)
        points = points[np.hypot(points[:, 0], points[:, 1]) >= keep][:512]
        points[0] = keep, 0.0, 0.0
        normals = np.tile([0.0, 0.0, 1.0], (512, 1))
        if fold:
            down = points[:, 0] > 0
            points[down, 2], points[down, 0] = -points[down, 0], 0.0
            normals[down] = 1.0, 0.0, 0.0
        found = np.concatenate([points, normals], axis=1)
        return np.roll(found, 256, axis=0).astype(np.float32)[None]

    whole, hole, edge = (
        patch_moments(plate(*kind), ONE, 1).reshape(len(RADII), MOMENTS)[1]
        for kind in ((0.0, False), (0.25, False), (0.0, True))
    )
    much, off, aligned = 0, 6, 8
    assert hole[much] < whole[much] - 0.3
    assert hole[off] > whole[off] + 0.05
    assert edge[aligned] < 0.8 < whole[aligned]


def test_turning_scaling_and_the_signs_of_normals_change_nothing(cloud: FloatArray, rng: np.random.Generator) -> None:
    turn = Rotation.random(rng=rng).as_matrix().astype(np.float32)
    moved = np.concatenate([2.0 * cloud[..., :3] @ turn.T + np.float32([0.1, 0.2, 0.6]), cloud[..., 3:] @ turn.T], 2)
    moved[..., 3:] *= rng.choice([-1.0, 1.0], (1, 256, 1)).astype(np.float32)
    np.testing.assert_allclose(patch_moments(moved, 2 * ONE, 32), patch_moments(cloud, ONE, 32), atol=5e-3)


def test_a_level_patch_anywhere_has_no_volume(rng: np.random.Generator) -> None:
    turn = Rotation.random(rng=rng).as_matrix()
    flat = np.concatenate([rng.uniform(-1, 1, (256, 2)), np.zeros((256, 1))], axis=1) @ turn.T + [0.5, 0.3, 0.2]
    above = flat + 2 * turn[:, 2]
    plates = np.concatenate([np.tile(turn[:, 2], (256, 1))] * 2)
    clouds = np.concatenate([np.concatenate([flat, above]), plates], axis=1).astype(np.float32)[None]
    found = patch_moments(clouds, ONE, 64).reshape(64, len(RADII), MOMENTS)
    assert not found[:, :3, 3].any()
    assert not found[..., 5].any()


def test_many_clouds_are_each_as_alone_and_a_blind_one_is_nothing(cloud: FloatArray) -> None:
    blind = cloud.copy()
    blind[..., 3:] = 0.0
    clouds = np.concatenate([cloud, blind])
    found = patch_moments(clouds, np.ones(2, np.float32), 32)
    assert found.shape == (2, 32, LENGTH)
    np.testing.assert_allclose(found[0], patch_moments(cloud, ONE, 32)[0], atol=1e-5)
    assert not found[1].any()
    assert patch_moments(clouds[:0], np.ones(0, np.float32), 32).shape == (0, 32, LENGTH)


@pytest.fixture
def words(rng: np.random.Generator) -> PatchWords:
    return PatchWords(
        rng.standard_normal(LENGTH).astype(np.float32),
        rng.standard_normal((LENGTH, 2)).astype(np.float32),
        np.float32([0.3, 0.7]),
        rng.standard_normal((2, 2)).astype(np.float32),
        rng.uniform(0.5, 1.5, (2, 2)).astype(np.float32),
    )


def test_fisher_vectors_are_gradients_of_the_likelihood(words: PatchWords, rng: np.random.Generator) -> None:
    """Perronnin 2010, equations 4 and 5, each term of one patch after another."""
    patches = 0.1 * rng.standard_normal((1, 5, LENGTH)).astype(np.float32)
    of_mean, of_deviation = np.zeros((2, 2, 2))
    for patch in patches[0]:
        x = (patch - words.mean) @ words.principal
        away = (x - words.means) / words.deviations
        likely = words.shares * np.exp(-0.5 * (away**2).sum(axis=1)) / words.deviations.prod(axis=1)
        belongs = (likely / likely.sum())[:, None]
        of_mean += belongs * away / np.sqrt(words.shares)[:, None] / 5
        of_deviation += belongs * (away**2 - 1) / np.sqrt(2 * words.shares)[:, None] / 5
    wanted = np.concatenate([of_mean.ravel(), of_deviation.ravel()])
    wanted = np.sign(wanted) * np.sqrt(np.abs(wanted))
    (found,) = words.fisher(patches)
    np.testing.assert_allclose(found, wanted / np.linalg.norm(wanted), atol=2e-3)
    assert not words.fisher(np.zeros_like(patches)).any()
