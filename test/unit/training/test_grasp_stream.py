"""Scenes that are simulated when they are asked for; test_train_network has the process beside."""

import os

import pytest

from srclib_ros.errors import SimulationError
from srclib_ros.training.grasp_scenes import GraspScene
from srclib_ros.training.grasp_stream import SceneStream
from test.support.grasp_scenes import lying_scene


class Source:
    def __init__(self, broken: bool = False) -> None:
        self.broken = broken
        self.asked: list[int] = []

    def has(self, number: int) -> bool:
        return number in self.asked

    def scene(self, number: int) -> GraspScene:
        if self.broken:
            raise SimulationError("it does not fit")
        self.asked.append(number)
        return lying_scene(number)


def test_on_one_core_each_scene_is_simulated_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    source = Source()
    with SceneStream(source, 3) as stream:  # type: ignore[arg-type]
        assert len(stream) == 3
        assert stream[2] is stream[2] and stream[0] is not stream[2]
    assert source.asked == [2, 0]


def test_what_fails_beside_is_told_here() -> None:
    with (
        pytest.raises(SimulationError, match="does not fit"),
        SceneStream(Source(broken=True), 2) as stream,  # type: ignore[arg-type]
    ):
        stream[1]
