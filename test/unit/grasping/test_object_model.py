from pathlib import Path

import numpy as np
import pytest

from srclib_ros.artifact import write_tensors
from srclib_ros.errors import ArtifactDamagedError
from srclib_ros.grasping.gripper import load_gripper
from srclib_ros.grasping.object_model import FILE, describe, load_object, save_object
from test.support.grasp_parts import bent_plate, boxes


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    model = describe(bent_plate(), load_gripper("jaw"), np.random.default_rng(0), k=12)
    save_object(tmp_path, model)
    back = load_object(tmp_path / FILE, model.name, model.category, model.diameter_m, "jaw")
    for name in ("vertices", "faces", "surface_points", "surface_normals", "symmetry"):
        np.testing.assert_array_equal(getattr(back, name), getattr(model, name))
    for name in ("T_object_tcp", "width_m", "quality", "symmetry"):
        np.testing.assert_array_equal(getattr(back.candidates, name), getattr(model.candidates, name))
    assert back.candidates.gripper == "jaw" and 0 < len(back.candidates) <= 12
    assert (tmp_path / FILE).stat().st_size < 150_000


def test_the_same_seed_describes_the_same_object() -> None:
    one, two = (describe(bent_plate(), load_gripper("jaw"), np.random.default_rng(4), k=8) for _ in range(2))
    np.testing.assert_array_equal(one.candidates.T_object_tcp, two.candidates.T_object_tcp)
    np.testing.assert_array_equal(one.symmetry, two.symmetry)


def test_moments_are_those_of_the_surface_in_diameters() -> None:
    mesh = boxes(((0, 0, 0), (0.06, 0.06, 0.06)))
    model = describe(mesh, load_gripper("jaw"), np.random.default_rng(0), k=1)
    # of a cube's surface with edge a: (2 a^2 / 4 + 4 a^2 / 12) / 6 along each axis
    edge = 1.0 / np.sqrt(3.0)
    np.testing.assert_allclose(model.inertia, np.eye(3) * edge**2 * (2 / 4 + 4 / 12) / 6, atol=0.006)
    np.testing.assert_allclose(model.centroid_m, 0.0, atol=0.002)
    assert len(model.symmetry) == 24


def test_a_file_that_lacks_an_array_is_damaged(tmp_path: Path) -> None:
    write_tensors(tmp_path / FILE, {"vertices": np.zeros((3, 3), np.float32)})
    with pytest.raises(ArtifactDamagedError, match="train the model again"):
        load_object(tmp_path / FILE, "part", "", 0.1, "jaw")
