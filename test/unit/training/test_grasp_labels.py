import numpy as np

from srclib_ros.geometry.mesh import sample_surface
from srclib_ros.geometry.transforms import apply, make_transform
from srclib_ros.grasping.candidates import GraspCandidates
from srclib_ros.grasping.gripper import load_gripper
from srclib_ros.training.grasp_labels import candidate_qualities
from test.support.grasp_parts import boxes, object_model

BIN = (0.3, 0.3, 0.06)
BLOCK = boxes(((0, 0, 0), (0.06, 0.02, 0.05)))


def _part():  # type: ignore[no-untyped-def]
    part = object_model(BLOCK)
    from_above = np.diag([1.0, -1.0, -1.0, 1.0])
    from_above[2, 3] = 0.01
    from_below = np.eye(4)
    from_below[2, 3] = -0.01
    T = np.stack([from_above, from_below])
    grasps = GraspCandidates(T, np.full(2, 0.02), np.array([0.8, 0.9]), "jaw", np.eye(4)[None])
    object.__setattr__(part, "candidates", grasps)
    return part


def _qualities(*at: tuple[float, float]) -> np.ndarray:
    T = np.array([make_transform(np.eye(3), [x, y, 0.025]) for x, y in at])
    surface = sample_surface(BLOCK, 3000, np.random.default_rng(0))[0]
    return candidate_qualities(
        _part().candidates, T, [apply(pose, surface) for pose in T], range(len(T)), load_gripper("jaw"), BIN
    )


def test_a_free_part_has_its_candidates_quality_from_above_and_none_from_below() -> None:
    np.testing.assert_allclose(_qualities((0.0, 0.0)), [[0.8, 0.0]], atol=1e-6)


def test_a_neighbour_beside_the_fingers_takes_it_away() -> None:
    assert _qualities((0.0, 0.0), (0.0, 0.026))[0, 0] == 0.0
    np.testing.assert_allclose(_qualities((0.0, 0.0), (0.0, 0.09))[0, 0], 0.8, atol=1e-6)


def test_a_wall_takes_it_away() -> None:
    assert _qualities((0.0, 0.139))[0, 0] == 0.0


def test_no_instances_give_no_rows() -> None:
    surfaces: list[np.ndarray] = []
    assert candidate_qualities(
        _part().candidates, np.zeros((0, 4, 4)), surfaces, [], load_gripper("jaw"), BIN
    ).shape == (0, 2)


def test_a_flat_part_on_the_floor_is_rated_as_it_is_taken_there() -> None:
    """A millimetre above the floor nothing is free; drawn back to where the cell would take it, it is."""
    plate = boxes(((0, 0, 0), (0.06, 0.02, 0.004)))
    surface = sample_surface(plate, 3000, np.random.default_rng(0))[0]
    lying = make_transform(np.eye(3), [0.0, 0.0, 0.002])[None]
    from_above = np.diag([1.0, -1.0, -1.0, 1.0])
    from_above[2, 3] = -0.001

    def rated(reach_m: float) -> float:
        grasp = GraspCandidates(from_above[None], np.full(1, 0.02), np.ones(1), "jaw", reach_m=np.array([reach_m]))
        return float(candidate_qualities(grasp, lying, [apply(lying[0], surface)], [0], load_gripper("jaw"), BIN)[0, 0])

    assert rated(0.0) < 0.6
    assert rated(0.003) == 1.0
