"""What starting a target from a source has gained so far: a library's own experience, which gains are foretold by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from srclib_ros.artifact import read_json
from srclib_ros.errors import ArtifactDamagedError
from srclib_ros.library.expected_gain import GainModel, known_of

FILE = "history.json"
ENOUGH = 30
"""Records below which a library has no experience to speak of."""
Record = Mapping[str, Any]
"""Of one start: target, source, gripper, gain, where it was seen (`of`), and what `expected_gain.known_of` takes."""


def read_history(folder: Path) -> tuple[Record, ...]:
    """The records of a library folder; none where it keeps none. Raises ArtifactDamagedError."""
    path = folder / FILE
    if not path.is_file():
        return ()
    records = read_json(path)
    try:
        for record in records:
            known_of(record)
            float(record["gain"]), str(record["target"]), str(record["source"]), str(record["gripper"])
    except (KeyError, TypeError, ValueError) as error:
        raise ArtifactDamagedError(f"{path}: a record cannot be read ({error!r}); build the library again") from error
    return tuple(records)


def gain_model(history: Sequence[Record], gripper: str, target: str) -> GainModel | None:
    """Fitted on what this gripper's networks gained other targets than the one asked about; None below `ENOUGH`."""
    known = [record for record in history if record["gripper"] == gripper and record["target"] != target]
    if len(known) < ENOUGH:
        return None
    return GainModel.fit(known)


def with_records(history: Iterable[Record], new: Iterable[Record]) -> tuple[Record, ...]:
    """New records in the place of those of the same target, source and gripper."""
    kept = {(record["target"], record["source"], record["gripper"]): record for record in (*history, *new)}
    return tuple(kept.values())
