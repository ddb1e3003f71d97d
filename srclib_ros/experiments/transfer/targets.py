"""Which parts the experiment takes as targets: drawn, before anything is trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from srclib_ros.errors import ConfigError
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.library.store import Library

OF_EACH = 4


@dataclass(frozen=True, eq=False)
class Target:
    """siblings: whether a part of its category has a network in the library."""

    mesh: PartMesh
    siblings: bool


def draw_targets(parts: Sequence[PartMesh], library: Library, seed: int, of_each: int = OF_EACH) -> list[Target]:
    """`of_each` parts whose category has a network in the library, and as many whose category has none; each of another
    category, drawn evenly. Raises ConfigError where there are not so many, or a target is an entry."""
    known = {entry.name for entry in library.entries}
    taken = sorted(part.name for part in parts if part.name in known)
    if taken:
        raise ConfigError(f"{taken[0]} is in the library; the experiment asks about parts that are not")
    with_network = {entry.category for entry in library.entries if entry.model is not None}
    rng = np.random.default_rng(seed)
    drawn = []
    for siblings in (True, False):
        of_category: dict[str, list[PartMesh]] = {}
        for part in parts:
            if (part.category in with_network) == siblings:
                of_category.setdefault(part.category, []).append(part)
        if len(of_category) < of_each:
            raise ConfigError(
                f"{len(of_category)} categories of parts {'with' if siblings else 'without'} siblings in the library, "
                f"{of_each} are wanted; name more parts, or fewer targets"
            )
        for category in rng.choice(sorted(of_category), of_each, replace=False):
            choice = of_category[str(category)]
            drawn.append(Target(choice[int(rng.integers(len(choice)))], siblings))
    return drawn
