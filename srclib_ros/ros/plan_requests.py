"""Callers of ~/plan that wait for a cloud stamped after their request."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(eq=False)
class PlanRequest:
    """One caller. after_ns: the cloud it waits for carries this stamp or a later one."""

    after_ns: int
    done: threading.Event = field(default_factory=threading.Event)
    success: bool = False
    message: str = ""


class PlanRequests:
    """The callers that still wait; any thread may ask or answer. Closed until it is opened: nobody waits in vain."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[PlanRequest] = []
        self._closed_why = "the node is not active: activate it first"

    def open(self) -> None:
        with self._lock:
            self._closed_why = ""

    def close(self, why: str) -> None:
        """Answer everybody who waits with `why`, and at once whoever comes later."""
        with self._lock:
            self._closed_why = why
            answered, self._waiting = self._waiting, []
        _answer(answered, False, why)

    def add(self, after_ns: int) -> PlanRequest:
        request = PlanRequest(after_ns)
        with self._lock:
            closed_why = self._closed_why
            if not closed_why:
                self._waiting.append(request)
        if closed_why:
            _answer([request], False, closed_why)
        return request

    def withdraw(self, request: PlanRequest) -> None:
        with self._lock:
            if request in self._waiting:
                self._waiting.remove(request)

    def want(self, stamp_ns: int) -> bool:
        """Whether a cloud of this stamp is what somebody waits for."""
        with self._lock:
            return any(request.after_ns <= stamp_ns for request in self._waiting)

    def answer(self, stamp_ns: int, success: bool, message: str) -> None:
        """Answer everybody who waits for a cloud of this stamp or an older one."""
        with self._lock:
            answered = [request for request in self._waiting if request.after_ns <= stamp_ns]
            self._waiting = [request for request in self._waiting if request.after_ns > stamp_ns]
        _answer(answered, success, message)


def _answer(requests: Iterable[PlanRequest], success: bool, message: str) -> None:
    for request in requests:
        request.success, request.message = success, message
        request.done.set()
