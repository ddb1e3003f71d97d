from __future__ import annotations

from diagnostic_msgs.msg import DiagnosticStatus

from srclib_ros.errors import CloudFieldError, EmptyCloudError
from srclib_ros.ros.diagnostics import Health

SECOND = 1_000_000_000


def told(health: Health, now_ns: int = 10 * SECOND) -> tuple[DiagnosticStatus, dict[str, str]]:
    status = health.message(now_ns, {"dropped": 3}).status[0]
    return status, {item.key: item.value for item in status.values}


def test_latency_per_stage_is_median_and_p95() -> None:
    health = Health("picking_node")
    health.state("active")
    for value in range(1, 102):
        health.planned("grasps (2)", {"segment": float(value)})
    status, values = told(health)
    assert status.level == DiagnosticStatus.OK and status.message == "grasps (2)"
    # the last hundred: 2 to 101
    assert values["segment.median_ms"] == "51.50" and values["segment.p95_ms"] == "96.05"
    assert values["planned"] == "101" and values["dropped"] == "3"


def test_an_error_is_named_counted_and_outlived() -> None:
    health = Health("picking_node")
    health.state("active")
    health.failed(EmptyCloudError("no points"), 8 * SECOND)
    health.failed(CloudFieldError("no field x"), 9 * SECOND)
    status, values = told(health)
    assert status.level == DiagnosticStatus.ERROR and status.message == "CloudFieldError: no field x"
    assert values["last_error"] == "CloudFieldError" and values["last_error_age_s"] == "1.0"
    assert values["errors.EmptyCloudError"] == "1"
    health.planned("empty bin (0)", {})
    status, values = told(health)
    assert status.level == DiagnosticStatus.OK
    assert values["last_error"] == "CloudFieldError"


def test_a_node_that_is_not_active_warns() -> None:
    health = Health("picking_node")
    assert told(health)[0].level == DiagnosticStatus.WARN
    health.state("active")
    assert "no cloud" in told(health)[0].message
