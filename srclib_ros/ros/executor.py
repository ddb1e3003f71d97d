"""Spins a node that receives clouds while it plans.

rclpy's MultiThreadedExecutor hands every callback to a pool, and asks for the same one again and again, holding the
interpreter's lock, until a thread of the pool has begun: beside a thread that computes this lasts for hundreds of
milliseconds, in which neither a cloud is taken nor a plan made. Here callbacks run in the thread that spins; only
those that may wait for a plan get a thread of their own.
"""

from __future__ import annotations

import threading

from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.executors import Executor, ExternalShutdownException, ShutdownException, TimeoutException
from rclpy.task import Task


class MayWait(MutuallyExclusiveCallbackGroup):
    """Callbacks that may wait for a plan, one of the group at a time."""


class NodeExecutor(Executor):
    """Runs callbacks in the spinning thread, those of `MayWait` groups beside it."""

    def spin_once(self, timeout_sec: float | None = None) -> None:
        """Wait for one callback and run it, or begin it. Raises what the callback raises, if it runs here."""
        try:
            task, entity, _ = self.wait_for_ready_callbacks(timeout_sec=timeout_sec)
        except (ExternalShutdownException, ShutdownException, TimeoutException):
            return
        if isinstance(getattr(entity, "callback_group", None), MayWait):
            threading.Thread(target=_run, args=(task,), daemon=True).start()
        else:
            _run(task)


def _run(task: Task[None]) -> None:
    task()
    error = task.exception()
    if error is not None:
        raise error
