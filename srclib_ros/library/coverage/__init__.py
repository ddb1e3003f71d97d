"""Where a library is thin, and where it holds more than it needs.

Shape alone counts: networks transfer across sizes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from srclib_ros.library.clustering.clustering import part_distances
from srclib_ros.library.clustering.many import MANY
from srclib_ros.library.coverage.gaps import Far, Unanswered, far, unanswered
from srclib_ros.library.coverage.neighbours import Near, NearOfMany, own_spread
from srclib_ros.library.coverage.twins import Twins, twins_of
from srclib_ros.library.store import Library

__all__ = ["Coverage", "Far", "Twins", "Unanswered", "coverage"]

BY_MEANS = "who is nearest was found by one vector a part, the mean of its views; how far it lies is exact"


@dataclass(frozen=True)
class Coverage:
    """reach: how far, by shape alone, a useful source lies at most. far_from_networks: entries whose
    nearest network lies beyond it; thin: whose nearest other entry does; farthest first. unanswered: who would serve
    most first. twins: nearest first. approximated: in words, or "".
    """

    reach: float
    unanswered: tuple[Unanswered, ...]
    far_from_networks: tuple[Far, ...]
    thin: tuple[Far, ...]
    twins: tuple[Twins, ...]
    approximated: str


def coverage(library: Library) -> Coverage:
    """What `srclib library LIB gaps` tells.

    Distances are `part_distances`; the reach is the suitability threshold with the size left out. Views of one part are
    as near to each other as each view's nearest other view of it, in the mean; twins are as near as the looser of the
    two.
    """
    many = len(library.entries) > MANY
    near = NearOfMany(library.gallery) if many else Near(part_distances(library.gallery))
    reach = library.reach
    networks = np.flatnonzero(library.with_model)
    return Coverage(
        reach=reach,
        unanswered=unanswered(library),
        far_from_networks=far(library, *near.nearest_of(networks), reach),
        thin=far(library, *near.nearest_other(), reach),
        twins=twins_of(library, near.pairs(own_spread(library.gallery))),
        approximated=BY_MEANS if many else "",
    )
