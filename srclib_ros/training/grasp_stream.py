"""Scenes that a grasp network learns from while later ones are still being simulated, on another core."""

from __future__ import annotations

import multiprocessing
import os
import time
from multiprocessing.process import BaseProcess

from srclib_ros.training.grasp_scenes import GraspScene, SceneSource

POLL_S = 0.05


class SceneStream:
    """Scenes 0 to `count - 1` of a source, simulated in their order by a process beside this one.

    A scene that is not there yet is waited for. Where there is one core alone, or no process may be started, each is
    simulated when it is asked for. Use it in a `with` block, which ends the process.
    """

    def __init__(self, source: SceneSource, count: int) -> None:
        self._source, self._count = source, count
        self._read: dict[int, GraspScene] = {}
        self._beside: BaseProcess | None = None

    def __len__(self) -> int:
        return self._count

    def __enter__(self) -> SceneStream:
        missing = [number for number in range(self._count) if not self._source.has(number)]
        if missing and len(os.sched_getaffinity(0)) > 1 and not multiprocessing.current_process().daemon:
            process = multiprocessing.get_context("spawn").Process(
                target=_simulate, args=(self._source, missing), daemon=True
            )
            process.start()
            self._beside = process
        return self

    def __exit__(self, *_: object) -> None:
        if self._beside is not None:
            self._beside.terminate()
            self._beside.join()

    def __getitem__(self, number: int) -> GraspScene:
        if number not in self._read:
            while self._beside is not None and self._beside.is_alive() and not self._source.has(number):
                time.sleep(POLL_S)
            self._read[number] = self._source.scene(number)
        return self._read[number]


def _simulate(source: SceneSource, numbers: list[int]) -> None:
    """Leaves the scenes in the source's cache, as long as the process lives that asked for them."""
    parent = multiprocessing.parent_process()
    for number in numbers:
        if parent is not None and not parent.is_alive():
            return
        source.scene(number)
