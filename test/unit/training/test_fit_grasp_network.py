from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from srclib_ros.errors import TrainingError
from srclib_ros.grasping.network import FIRST_QUALITY
from srclib_ros.inference import open_session
from srclib_ros.training.fit_grasp_network import fit_grasp_network, onnx_bytes
from srclib_ros.training.grasp_schedule import FIRST_SCENES, GraspSchedule
from srclib_ros.training.grasp_watch import GraspWatch
from srclib_ros.training.grid_net import GridNet
from test.support.grasp_parts import bent_plate, object_model
from test.support.grasp_scenes import lying_scene

PART = object_model(bent_plate())
SCHEDULE = GraspSchedule(steps=6, maps=2, side_px=64, evaluate_every=2)
WATCHED = GraspWatch(PART, [lying_scene(7)], SCHEDULE.side_px)


class Killed(Exception):
    pass


def _kill_at(step: int):  # type: ignore[no-untyped-def]
    def progress(iterable: Iterable[int], total: int | None = None, label: str = "") -> Iterator[int]:
        for index in iterable:
            if index == step:
                raise Killed
            yield index

    return progress


def _weights(network: GridNet) -> np.ndarray:
    return torch.cat([value.float().ravel() for value in network.state_dict().values()]).numpy()


def test_a_killed_training_goes_on_as_if_nothing_had_been(tmp_path: Path) -> None:
    scenes = [lying_scene(seed) for seed in range(2)]
    straight = fit_grasp_network(PART, scenes, WATCHED, SCHEDULE, seed=3)
    checkpoint = tmp_path / "state.safetensors"
    with pytest.raises(Killed):
        fit_grasp_network(PART, scenes, WATCHED, SCHEDULE, 3, checkpoint, _kill_at(5))
    resumed = fit_grasp_network(PART, scenes, WATCHED, SCHEDULE, 3, checkpoint)
    np.testing.assert_array_equal(_weights(straight.network), _weights(resumed.network))
    np.testing.assert_array_equal(straight.curve, resumed.curve)
    assert straight.curve[:, 0].tolist() == [2, 4, 6] and straight.steps == 6
    assert all(np.isfinite(list(straight.losses.values())))


def test_a_training_stops_when_what_it_watches_gets_no_better(monkeypatch: pytest.MonkeyPatch) -> None:
    schedule = replace(SCHEDULE, evaluate_every=1, patience=2)
    losses = iter([3.0, 2.0, 2.5, 2.0])
    monkeypatch.setattr(GraspWatch, "look", lambda *_: (next(losses), 0.0))
    fitted = fit_grasp_network(PART, [lying_scene(0)], WATCHED, schedule, 0)
    assert fitted.steps == 4 and fitted.curve[:, 1].tolist() == [3.0, 2.0, 2.5, 2.0]


def test_what_is_frozen_stays_as_it_was_and_the_rest_learns() -> None:
    torch.manual_seed(4)
    start = GridNet(len(PART.candidates))
    schedule = replace(SCHEDULE, frozen=("stem", "trunk.0"))
    fitted = fit_grasp_network(PART, [lying_scene(0)], WATCHED, schedule, 0, start=start)
    assert fitted.curve[:, 0].tolist() == [0, 2, 4, 6]
    for name, value in start.state_dict().items():
        same = torch.equal(value, fitted.network.state_dict()[name])
        assert same == name.startswith(("stem", "trunk.0")) or "num_batches" in name


def test_no_steps_leave_the_start_as_it_is() -> None:
    start = GridNet(len(PART.candidates))
    fitted = fit_grasp_network(PART, [lying_scene(0)], WATCHED, replace(SCHEDULE, steps=0), 0, start=start)
    np.testing.assert_array_equal(_weights(start), _weights(fitted.network))
    assert fitted.steps == 0 and fitted.curve[:, 0].tolist() == [0]


def test_what_was_given_up_stays_given_up(tmp_path: Path) -> None:
    checkpoint, start = tmp_path / "state.safetensors", GridNet(len(PART.candidates))

    def hopeless(curve: np.ndarray) -> bool:
        return bool(curve[-1, 0] == 2)

    for _ in range(2):
        fitted = fit_grasp_network(
            PART, [lying_scene(0)], WATCHED, SCHEDULE, 0, checkpoint, start=start, hopeless=hopeless
        )
        assert fitted.gave_up and fitted.steps == 2


def test_more_scenes_are_drawn_from_as_a_training_goes_on() -> None:
    schedule = GraspSchedule(steps=100)
    assert [schedule.scenes_at(step, 70) for step in (0, 35, 70, 99)] == [FIRST_SCENES, 35, 70, 70]
    assert schedule.scenes_at(0, 2) == 2


def test_onnx_says_what_torch_says() -> None:
    torch.manual_seed(0)
    network = GridNet(7)
    network.train()(torch.rand(2, 3, 32, 32))
    network.eval()
    session = open_session(onnx_bytes(network), 1)
    for height, width in ((32, 32), (48, 92)):
        maps = torch.rand(1, 3, height, width)
        (found,) = session.run(None, {"maps": maps.numpy()})
        with torch.no_grad():
            np.testing.assert_allclose(found, network(maps).numpy(), atol=5e-3)
        assert found.shape == (1, FIRST_QUALITY + 7, height // 4, width // 4)


def test_scenes_without_the_part_are_refused() -> None:
    scene = lying_scene(0)
    scene.is_target[:] = False
    with pytest.raises(TrainingError, match="simulate more scenes"):
        GraspWatch(PART, [scene], SCHEDULE.side_px)
