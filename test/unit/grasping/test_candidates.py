"""Candidates of parts whose good grasps are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import ConvexHull

from srclib_ros.geometry.grasp_frame import FLIP
from srclib_ros.geometry.mesh import PartMesh, centred, sample_surface
from srclib_ros.geometry.transforms import is_rigid
from srclib_ros.grasping.candidates import GraspCandidates, generate_candidates
from srclib_ros.grasping.diversity import grasp_coordinates
from srclib_ros.grasping.gripper import load_gripper

JAW = load_gripper("jaw")
SIZE_M = (0.06, 0.03, 0.02)


def box(size_m: tuple[float, float, float]) -> PartMesh:
    corners = np.array([[(i >> a) & 1 for a in range(3)] for i in range(8)]) * np.array(size_m)
    hull = ConvexHull(corners)
    inwards = (hull.equations[:, :3] * np.cross(*_edges(corners, hull.simplices))).sum(axis=1) < 0
    faces = hull.simplices.copy()
    faces[inwards] = faces[inwards, ::-1]
    return centred("box", "box", corners, faces)


def _edges(corners: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return corners[faces[:, 1]] - corners[faces[:, 0]], corners[faces[:, 2]] - corners[faces[:, 0]]


def half_turns() -> np.ndarray:
    group = np.tile(np.eye(4), (4, 1, 1))
    for i, axis in enumerate(np.eye(3), start=1):
        group[i, :3, :3] = 2 * np.outer(axis, axis) - np.eye(3)
    return group


@pytest.fixture(scope="module")
def of_box() -> GraspCandidates:
    return generate_candidates(box(SIZE_M), JAW, np.random.default_rng(0), k=24, symmetry=half_turns())


def test_there_are_as_many_as_asked_best_first(of_box: GraspCandidates) -> None:
    assert len(of_box) == 24
    assert (np.diff(of_box.quality) <= 0).all()
    assert ((of_box.quality > 0) & (of_box.quality <= 1)).all()
    assert of_box.quality[0] > 0.9
    assert all(is_rigid(T) for T in of_box.T_object_tcp)


def test_a_box_is_held_across_two_parallel_faces(of_box: GraspCandidates) -> None:
    closing = np.abs(of_box.T_object_tcp[:, :3, 1])
    square = closing.max(axis=1) > 0.98
    assert square.mean() > 0.8
    across = closing[square].argmax(axis=1)
    np.testing.assert_allclose(of_box.width_m[square], np.array(SIZE_M)[across], atol=0.006)
    assert set(across.tolist()) == {0, 1, 2}


def test_no_candidate_hits_the_part(of_box: GraspCandidates) -> None:
    points, _ = sample_surface(box(SIZE_M), 4000, np.random.default_rng(1))
    for T, width in zip(of_box.T_object_tcp, of_box.width_m, strict=True):
        local = (points - T[:3, 3]) @ T[:3, :3]
        for low, high in JAW.boxes_tcp(JAW.opening_m(width, 0.003), sweep_m=0.1):
            assert not ((local > low + 5e-4) & (local < high - 5e-4)).all(axis=1).any()


def test_images_of_one_grasp_are_counted_once(of_box: GraspCandidates) -> None:
    diameter = box(SIZE_M).diameter_m
    points = grasp_coordinates(of_box.T_object_tcp, diameter)
    for i, T in enumerate(of_box.T_object_tcp):
        images = of_box.symmetry @ T
        images = grasp_coordinates(np.concatenate([images, images @ FLIP]), diameter)
        away = np.linalg.norm(points[:, None] - images[None], axis=2).min(axis=1)
        assert (np.delete(away, i) > 0.05 * diameter).all()


def test_the_seed_decides(of_box: GraspCandidates) -> None:
    again = generate_candidates(box(SIZE_M), JAW, np.random.default_rng(0), k=24, symmetry=half_turns())
    np.testing.assert_array_equal(of_box.T_object_tcp, again.T_object_tcp)
    np.testing.assert_array_equal(of_box.quality, again.quality)


def test_too_big_a_part_has_no_candidates() -> None:
    assert len(generate_candidates(box((0.14, 0.12, 0.1)), JAW, np.random.default_rng(0))) == 0


def test_a_plate_is_held_at_its_edges_only() -> None:
    found = generate_candidates(box((0.12, 0.1, 0.004)), JAW, np.random.default_rng(0), k=16)
    assert len(found)
    np.testing.assert_allclose(found.width_m, 0.004, atol=1e-4)
    np.testing.assert_allclose(np.abs(found.T_object_tcp[:, 2, 1]), 1, atol=0.02)
