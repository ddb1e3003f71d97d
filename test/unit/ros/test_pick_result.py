from __future__ import annotations

import pytest

from srclib_ros.errors import PickResultError
from srclib_ros.ros.pick_result import read_pick_result


def test_result_and_keys_that_are_not_ours() -> None:
    assert read_pick_result('{"grasp_id": "g1", "outcome": "failure", "force_n": 3}').failed
    assert not read_pick_result('{"grasp_id": "g1", "outcome": "success"}').failed


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("[]", "names no grasp_id"),
        ('{"outcome": "failure"}', "names no grasp_id"),
        ('{"grasp_id": 3, "outcome": "failure"}', "names no grasp_id"),
        ('{"grasp_id": "g1"}', "success, failure"),
        ('{"grasp_id": "g1", "outcome": "dropped"}', "'dropped' is not one of"),
    ],
)
def test_what_cannot_be_read_is_named(text: str, told: str) -> None:
    with pytest.raises(PickResultError, match=told):
        read_pick_result(text)
