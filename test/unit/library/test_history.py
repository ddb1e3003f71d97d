"""A library's experience: kept, replaced, and refused where it cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from srclib_ros.artifact import write_json
from srclib_ros.errors import ArtifactDamagedError
from srclib_ros.library.history import FILE, read_history, with_records

RECORD = {
    "target": "bolt",
    "source": "pin",
    "gripper": "jaw",
    "gain": 0.2,
    "distance": 0.3,
    "loss": 1.0,
    "apart": 0.1,
    "found": 0.0,
    "logme": 0.0,
    "same_category": False,
    "size_ratio": 1.0,
}


def test_a_library_without_experience_has_none(tmp_path: Path) -> None:
    assert read_history(tmp_path) == ()


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_json(tmp_path / FILE, [RECORD])
    assert read_history(tmp_path) == (RECORD,)


@pytest.mark.parametrize("damage", [{"gain": None}, {"loss": "much"}, {"target": ...}])
def test_a_record_that_cannot_be_read_is_refused(tmp_path: Path, damage: dict[str, object]) -> None:
    broken = {name: value for name, value in {**RECORD, **damage}.items() if value is not ...}
    write_json(tmp_path / FILE, [broken])
    with pytest.raises(ArtifactDamagedError, match="a record cannot be read"):
        read_history(tmp_path)


def test_what_came_true_last_counts() -> None:
    later = RECORD | {"gain": -0.1}
    other = RECORD | {"source": "nut"}
    assert with_records([RECORD, other], [later]) == (later, other)
