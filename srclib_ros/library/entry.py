"""One source object of a library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from srclib_ros.errors import ArtifactDamagedError

NOISE = -1
AUTO, SCRATCH, POOLED = "auto", "scratch", "pooled"
"""Starts of a network that are no entry's: whichever promises most, random weights, and the network that was trained on
the scenes of all that have one. No entry may have these names."""


@dataclass(frozen=True)
class Entry:
    """A part that the library knows.

    diameter_m, extents_m: of its CAD. cluster: `NOISE` when it resembles no other. strength: how firmly it belongs
    to its cluster, in [0, 1]. is_representative: its cluster's medoid. model: folder of its grasp network below the
    library's, None when it has none. provenance: where mesh and network came from, for people.
    """

    name: str
    category: str
    diameter_m: float
    extents_m: tuple[float, float, float]
    cluster: int
    strength: float
    is_representative: bool
    model: str | None
    provenance: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, record: Mapping[str, Any], where: str) -> Entry:
        """The entry of one JSON record; ArtifactDamagedError naming `where` when it is none."""
        try:
            x, y, z = map(float, record["extents_m"])
            return cls(
                name=_text(record["name"]),
                category=_text(record["category"]),
                diameter_m=float(record["diameter_m"]),
                extents_m=(x, y, z),
                cluster=int(record["cluster"]),
                strength=float(record["strength"]),
                is_representative=bool(record["is_representative"]),
                model=None if record["model"] is None else _text(record["model"]),
                provenance=_text(record["provenance"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ArtifactDamagedError(
                f"{where}: an entry cannot be read ({error!r}); build the library again"
            ) from error


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected text, got {value!r}")
    return value


def told_by_category(entries: Sequence[Entry]) -> bool:
    """Whether a library's parts have categories that tell them apart; where not, their clusters stand in."""
    return len({entry.category for entry in entries} - {""}) > 1
