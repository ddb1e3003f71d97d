"""Where a library holds more than it needs: pairs of entries as near as views of one part."""

from __future__ import annotations

from dataclasses import dataclass

from srclib_ros.library.store import Library


@dataclass(frozen=True)
class Twins:
    """Two entries as near as views of one part. size_ratio: of their diameters, the larger over the smaller.

    could_go: the one that would not be missed, but for its size; None where one of the two stands in for another.
    """

    one: str
    other: str
    distance: float
    size_ratio: float
    could_go: str | None
    why: str


def twins_of(library: Library, pairs: list[tuple[float, int, int]]) -> tuple[Twins, ...]:
    """In the order of the pairs: (distance, one, other), nearest first. Who could go: never one that stands in for
    another, so that all could go together.
    """
    gone: set[int] = set()
    kept: set[int] = set()
    found = []
    for distance, one, other in pairs:
        stays, goes = sorted((one, other), key=lambda row: _worth(library, row))
        if goes in kept and stays not in kept:
            stays, goes = goes, stays
        free = goes not in kept and not gone & {stays, goes}
        if free:
            gone.add(goes)
            kept.add(stays)
        entries = library.entries[one], library.entries[other]
        diameters = sorted(entry.diameter_m for entry in entries)
        found.append(
            Twins(
                one=entries[0].name,
                other=entries[1].name,
                distance=distance,
                size_ratio=diameters[1] / diameters[0],
                could_go=library.entries[goes].name if free else None,
                why=_why(library, stays, goes) if free else "one of the two is spoken for by another pair",
            )
        )
    return tuple(found)


def _worth(library: Library, row: int) -> tuple[bool, bool, int]:
    """Smaller for what should rather stay."""
    return (not library.with_model[row], not library.entries[row].is_representative, row)


def _why(library: Library, stays: int, goes: int) -> str:
    if library.with_model[goes]:
        return "both have networks; its own would go with it"
    if library.with_model[stays]:
        return "it has no network, the other has"
    if library.entries[stays].is_representative and not library.entries[goes].is_representative:
        return "the other represents their cluster"
    return "it comes later in the library"
