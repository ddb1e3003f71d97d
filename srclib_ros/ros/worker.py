"""One thread that works on the latest item; what it replaces is counted as dropped."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")


class LatestWorker(Generic[Item]):
    """Calls `work(item)` off the threads that offer items, one at a time, always on the newest.

    `work` handles its own errors: an exception that escapes it ends the thread.
    """

    def __init__(self, work: Callable[[Item], None], name: str) -> None:
        self._work = work
        self._condition = threading.Condition()
        self._waiting: list[Item] = []
        self._stopping = False
        self.offered = 0
        self.dropped = 0
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def offer(self, item: Item) -> None:
        with self._condition:
            self.offered += 1
            self.dropped += len(self._waiting)
            self._waiting = [item]
            self._condition.notify()

    def stop(self, timeout_s: float = 30.0) -> None:
        """Let the item in work finish, forget the one that waits. A worker that never started ends as well."""
        with self._condition:
            self._stopping = True
            self._waiting.clear()
            self._condition.notify()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._waiting or self._stopping)
                if self._stopping:
                    return
                item = self._waiting.pop()
            self._work(item)
