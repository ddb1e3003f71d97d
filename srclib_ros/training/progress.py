"""How a long job tells how far it is, without knowing who looks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar

Item = TypeVar("Item")


class Progress(Protocol):
    """Wraps what a job iterates over; `cli.options.progress` is one."""

    def __call__(self, iterable: Iterable[Item], total: int | None = None, label: str = "") -> Iterable[Item]: ...


def silent(iterable: Iterable[Item], total: int | None = None, label: str = "") -> Iterable[Item]:
    """A `Progress` that shows nothing."""
    return iterable
