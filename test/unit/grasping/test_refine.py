import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from srclib_ros.geometry.mesh import sample_surface
from srclib_ros.geometry.transforms import apply, make_transform, rotate
from srclib_ros.grasping.refine import SurfaceFitter
from test.support.grasp_parts import bent_plate, object_model

PART = object_model(bent_plate())
FITTER = SurfaceFitter(PART.surface_points, PART.surface_normals, PART.diameter_m)


def _seen_from_above(T_bin_object: np.ndarray, scale: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    points, normals = sample_surface(bent_plate(), 1500, np.random.default_rng(seed))
    points, normals = apply(T_bin_object, scale * points), rotate(T_bin_object, normals)
    visible = np.flatnonzero(normals[:, 2] > 0.2)[:200]
    return points[visible], normals[visible]


@pytest.mark.parametrize("scale", [1.0, 1.7])
def test_disturbed_poses_come_back(scale: float) -> None:
    rng = np.random.default_rng(3)
    turns = Rotation.random(8, rng=rng)
    T_true = np.array([make_transform(turn.as_matrix(), rng.uniform(-0.1, 0.1, 3)) for turn in turns])
    clouds = [_seen_from_above(T, scale, seed) for seed, T in enumerate(T_true)]
    count = min(len(points) for points, _ in clouds)
    points, normals = (np.stack([cloud[kind][:count] for cloud in clouds]) for kind in (0, 1))
    shift = 0.04 * scale * PART.diameter_m
    start = np.array(
        [
            T @ make_transform(Rotation.from_rotvec(0.15 * d).as_matrix(), shift * d[::-1])
            for T, d in zip(T_true, rng.uniform(-1, 1, (8, 3)), strict=True)
        ]
    )
    fit = FITTER.fit(points, normals, start, scale, iterations=16)
    before = FITTER.fit(points, normals, start, scale, iterations=0)
    assert np.median(fit.fit_m) < 0.02 * scale * PART.diameter_m < np.median(before.fit_m) * 2
    turned = Rotation.from_matrix(np.swapaxes(fit.T_bin_object[:, :3, :3], 1, 2) @ T_true[:, :3, :3]).magnitude()
    assert np.median(turned) < 0.06
    assert (fit.explained > before.explained - 0.02).all()


def test_a_right_pose_stays() -> None:
    T = make_transform(Rotation.from_rotvec([0.2, 0.1, 1.0]).as_matrix(), [0.01, 0.02, 0.05])
    points, normals = _seen_from_above(T, 1.0, 0)
    fit = FITTER.fit(points[None], normals[None], T[None], 1.0)
    np.testing.assert_allclose(fit.T_bin_object[0], T, atol=0.02)
    assert fit.explained[0] > 0.97


def test_points_that_are_elsewhere_are_not_explained() -> None:
    T = np.eye(4)
    points, normals = _seen_from_above(T, 1.0, 0)
    away = make_transform(np.eye(3), [0.5, 0.0, 0.0])
    fit = FITTER.fit(points[None], normals[None], away[None], 1.0)
    assert fit.explained[0] == 0.0
    assert np.isclose(fit.fit_m[0], 0.1 * PART.diameter_m, rtol=0.01)
