"""Callers of ~/plan that wait for a cloud stamped after their request."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field


@dataclass(eq=False)
class PlanRequest:
    """One caller. after_ns: the cloud it waits for carries this stamp or a later one."""

    after_ns: int
    done: threading.Event = field(default_factory=threading.Event)
    success: bool = False
    message: str = ""


class PlanRequests:
    """The callers that still wait; any thread may ask or answer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[PlanRequest] = []

    def add(self, after_ns: int) -> PlanRequest:
        request = PlanRequest(after_ns)
        with self._lock:
            self._waiting.append(request)
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
        for request in answered:
            request.success, request.message = success, message
            request.done.set()
