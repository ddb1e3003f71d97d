"""Where the library's two verdicts begin, and how often each is wrong there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from srclib_ros.errors import ArtifactDamagedError


@dataclass(frozen=True)
class Threshold:
    """Accepted from `similarity` on.

    false_accept, false_reject: shares measured at that similarity on `queries` simulated ones when the library was
    built. auroc: how well similarity tells the two kinds apart at all.
    """

    similarity: float
    false_accept: float
    false_reject: float
    auroc: float
    queries: int


@dataclass(frozen=True)
class Thresholds:
    """identity: this very part is in the library. suitability: the library holds a part of its kind.

    Of single views, or of whole parts, whose views vote. The identity of these begins at so much more (less, where it
    is negative) than the similarity that the nearest entry's own views vote for, see `votes.own_similarity`.
    """

    identity: Threshold
    suitability: Threshold

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, record: Mapping[str, Any], where: str) -> Thresholds:
        try:
            return cls(_read(record["identity"]), _read(record["suitability"]))
        except (KeyError, TypeError, ValueError) as error:
            raise ArtifactDamagedError(f"{where}: its thresholds cannot be read; build the library again") from error


def _read(record: Mapping[str, Any]) -> Threshold:
    return Threshold(
        similarity=float(record["similarity"]),
        false_accept=float(record["false_accept"]),
        false_reject=float(record["false_reject"]),
        auroc=float(record["auroc"]),
        queries=int(record["queries"]),
    )
