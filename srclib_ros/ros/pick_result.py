"""What the cell reports back about a pick."""

from __future__ import annotations

import json
from dataclasses import dataclass

from srclib_ros.errors import PickResultError

OUTCOMES = ("success", "failure")
_EXAMPLE = '{"grasp_id": "...", "outcome": "success" or "failure"}'


@dataclass(frozen=True)
class PickResult:
    grasp_id: str
    outcome: str

    @property
    def failed(self) -> bool:
        return self.outcome == "failure"


def read_pick_result(text: str) -> PickResult:
    """The result in a `pick_result` message; keys beside these two are left alone. Raises PickResultError."""
    try:
        record = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PickResultError(f"{text[:80]!r} is no JSON ({error}); expected {_EXAMPLE}") from error
    if not isinstance(record, dict) or not isinstance(record.get("grasp_id"), str):
        raise PickResultError(f"{text[:80]!r} names no grasp_id; expected {_EXAMPLE}")
    if record.get("outcome") not in OUTCOMES:
        raise PickResultError(f"outcome {record.get('outcome')!r} is not one of {', '.join(OUTCOMES)}")
    return PickResult(record["grasp_id"], record["outcome"])
