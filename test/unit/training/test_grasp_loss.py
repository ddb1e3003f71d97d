import numpy as np
import torch
from scipy.spatial.transform import Rotation

from srclib_ros.grasping.network import FIRST_QUALITY, HYPOTHESES, PRESENCE, STRIDE
from srclib_ros.training.grasp_loss import GraspLoss
from srclib_ros.training.grasp_targets import make_example
from test.support.grasp_parts import bent_plate, boxes, object_model
from test.support.grasp_scenes import lying_scene

HALF_TURNS = np.array([np.diag([*d, 1.0]) for d in ((1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1))], np.float64)


def _six(R: np.ndarray) -> "torch.Tensor":
    columns = np.concatenate([R[:, :, 0], 2.0 * R[:, :, 1]], axis=1).astype(np.float32)
    return torch.from_numpy(np.tile(columns, (1, HYPOTHESES)))


def test_rotations_that_look_alike_cost_nothing_and_others_their_distance() -> None:
    plate = object_model(boxes(((0, 0, 0), (0.05, 0.03, 0.01))), symmetry=HALF_TURNS)
    loss = GraspLoss(plate)
    R = Rotation.random(6, rng=np.random.default_rng(0)).as_matrix()
    alike = R @ HALF_TURNS[2, :3, :3]
    truth = torch.from_numpy(R.astype(np.float32))
    assert loss.rotation_distance(_six(alike), truth).max() < 0.02
    quarter = R @ Rotation.from_rotvec([0, 0, np.pi / 2]).as_matrix()
    expected = np.sqrt(2.0 * (plate.inertia[0, 0] + plate.inertia[1, 1] + 2 * 0.01))
    found = loss.rotation_distance(_six(quarter), truth).numpy()
    np.testing.assert_allclose(found, expected, rtol=0.02)


def test_the_nearest_hypothesis_wins_most() -> None:
    loss = GraspLoss(object_model(bent_plate()))
    R = Rotation.random(2, rng=np.random.default_rng(1)).as_matrix()
    six = _six(R[:1])
    six[:, 6:] = _six(R[1:])[:, 6:]
    distance = loss.rotation_distance(six, torch.from_numpy(R[:1].astype(np.float32)))
    assert distance.argmin() == 0 and distance[0, 0] < 0.02 < distance[0, 1]


def test_every_term_is_finite_and_moves_the_network() -> None:
    part = object_model(bent_plate())
    examples = [make_example(lying_scene(seed), part, 64, np.random.default_rng(seed)) for seed in range(2)]
    side = 64 // STRIDE
    cells = torch.zeros(2, FIRST_QUALITY + 3, side, side).normal_(generator=torch.Generator().manual_seed(0))
    cells.requires_grad_()
    terms = GraspLoss(part)(cells, examples)
    assert set(terms) == {"presence", "offset", "rotation", "error", "visibility", "quality"}
    torch.stack(list(terms.values())).sum().backward()
    assert torch.isfinite(cells.grad).all()


def test_an_empty_map_teaches_absence_alone() -> None:
    part = object_model(bent_plate())
    scene = lying_scene(0)
    scene.is_target[:] = False
    example = make_example(scene, part, 64, np.random.default_rng(0))
    cells = torch.zeros(1, FIRST_QUALITY + 3, 16, 16, requires_grad=True)
    terms = GraspLoss(part)(cells, [example])
    assert list(terms) == ["presence"]
    terms["presence"].backward()
    assert cells.grad[0, PRESENCE].min() > 0
