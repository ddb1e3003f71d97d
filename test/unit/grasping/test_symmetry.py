import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from srclib_ros.geometry.mesh import PartMesh, centred, sample_surface
from srclib_ros.grasping.symmetry import CONTINUOUS_STEPS, symmetry_group

trimesh = pytest.importorskip("trimesh")


def _group(mesh: object, points: int = 12_000) -> np.ndarray:
    part = centred("part", "", mesh.vertices, mesh.faces)  # type: ignore[attr-defined]
    return symmetry_group(sample_surface(part, points, np.random.default_rng(0))[0], part.diameter_m)


def _l_profile() -> PartMesh:
    flange, web = trimesh.creation.box((0.04, 0.03, 0.005)), trimesh.creation.box((0.005, 0.02, 0.03))
    web.apply_translation([0.02, 0.005, 0.015])
    return trimesh.boolean.union([flange, web])


@pytest.mark.parametrize(
    ("mesh", "members"),
    [
        (trimesh.creation.box((0.04, 0.03, 0.02)), 4),
        (trimesh.creation.box((0.04, 0.02, 0.02)), 8),
        (trimesh.creation.cylinder(0.02, 0.01, sections=3), 6),
        (trimesh.creation.cylinder(0.01, 0.04), 2 * CONTINUOUS_STEPS),
        (trimesh.creation.cone(0.01, 0.03), CONTINUOUS_STEPS),
        (_l_profile(), 1),
    ],
)
def test_the_number_of_turns_is_known(mesh: object, members: int) -> None:
    assert len(_group(mesh)) == members


def test_it_is_a_group_of_proper_turns_about_the_centroid() -> None:
    group = _group(trimesh.creation.cylinder(0.02, 0.01, sections=3))
    np.testing.assert_allclose(group[0], np.eye(4), atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(group[:, :3, :3]), 1.0, atol=1e-9)
    products = (group[:, None] @ group[None])[..., :3, :3].reshape(-1, 9)
    apart = np.linalg.norm(products[:, None] - group[None, :, :3, :3].reshape(1, -1, 9), axis=2)
    assert apart.min(axis=1).max() < 0.05
    part = centred("p", "", *(lambda m: (m.vertices, m.faces))(trimesh.creation.cylinder(0.02, 0.01, sections=3)))
    centroid = np.append(sample_surface(part, 12_000, np.random.default_rng(0))[0].mean(axis=0), 1.0)
    np.testing.assert_allclose(group @ centroid, np.tile(centroid, (len(group), 1)), atol=1e-6)


def test_it_turns_with_the_part() -> None:
    mesh = trimesh.creation.cone(0.01, 0.03)
    R = Rotation.from_rotvec([0.4, -0.8, 0.3]).as_matrix()
    mesh.vertices = mesh.vertices @ R.T
    group = _group(mesh)
    assert len(group) == CONTINUOUS_STEPS
    np.testing.assert_allclose(group[:, :3, :3] @ R[:, 2], np.tile(R[:, 2], (len(group), 1)), atol=0.03)
