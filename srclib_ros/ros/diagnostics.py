"""What the node tells /diagnostics: latency per stage, drops, the library, the last answer and the last error."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Mapping

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

from srclib_ros.errors import SrclibError
from srclib_ros.ros.convert import ns_to_stamp

WINDOW = 100


class Health:
    """Counts and latencies of one node; every method may be called from any thread."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._latencies_ms: dict[str, deque[float]] = {}
        self._errors: Counter[str] = Counter()
        self._last_error = ""
        self._last_error_ns = 0
        self._state = "unconfigured"
        self._answer = ""
        self._failing = False
        self._planned = 0

    def state(self, state: str) -> None:
        """The lifecycle state; entering one anew forgets that something failed before."""
        with self._lock:
            self._state, self._failing, self._answer = state, False, ""

    def planned(self, verdict: str, latencies_ms: Mapping[str, float]) -> None:
        with self._lock:
            self._planned += 1
            self._failing = False
            self._answer = verdict
            for stage, value in latencies_ms.items():
                self._latencies_ms.setdefault(stage, deque(maxlen=WINDOW)).append(value)

    def failed(self, error: SrclibError, now_ns: int) -> None:
        with self._lock:
            self._errors[error.name] += 1
            self._last_error = f"{error.name}: {error}"
            self._last_error_ns = now_ns
            self._failing = True

    def message(self, now_ns: int, facts: Mapping[str, object]) -> DiagnosticArray:
        """facts: what the node adds, as it stands now (received, dropped, library ...)."""
        with self._lock:
            values = {"state": self._state, **facts, "planned": self._planned}
            for stage, window in self._latencies_ms.items():
                values[f"{stage}.median_ms"] = f"{np.median(window):.2f}"
                values[f"{stage}.p95_ms"] = f"{np.percentile(window, 95):.2f}"
            values |= {f"errors.{name}": count for name, count in sorted(self._errors.items())}
            if self._last_error:
                values["last_error"] = self._last_error.split(":")[0]
                values["last_error_message"] = self._last_error
                values["last_error_age_s"] = f"{max(0, now_ns - self._last_error_ns) / 1e9:.1f}"
            level, text = self._summary()
        status = DiagnosticStatus(
            level=level,
            name=f"{self._name}: grasp planning",
            message=text,
            hardware_id="srclib_ros",
            values=[KeyValue(key=key, value=str(value)) for key, value in values.items()],
        )
        message = DiagnosticArray(status=[status])
        message.header.stamp = ns_to_stamp(now_ns)
        return message

    def _summary(self) -> tuple[bytes, str]:
        if self._failing:
            return DiagnosticStatus.ERROR, self._last_error
        if self._state != "active":
            return DiagnosticStatus.WARN, self._state
        if not self._planned:
            return DiagnosticStatus.WARN, "active, no cloud planned yet"
        return DiagnosticStatus.OK, self._answer
