"""Which parts are all but equal to one that an encoder was trained on: they would measure memory, not generality."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.training.progress import Progress, silent
from srclib_ros.training.retrieval.registration import registered_distance, surface_of

NEAR = 0.02  # of the diameter, registered Chamfer distance, the sum of both directions
WIDTHS_NEAR = 0.08  # of the diameter: widths of near-duplicates differ by .076 at most (held-out parts, measured)


def near_duplicates(
    parts: Sequence[PartMesh], known: Sequence[PartMesh], seed: int, *, progress: Progress = silent
) -> npt.NDArray[np.bool_]:
    """(P,) whether a part's registered Chamfer distance to one of `known`, in metres, is below 2 % of its diameter.

    Chamfer as in Fan et al. (arXiv 1612.00603), the sum of both directions: by their mean a bar would count as a pin.
    A part and its scaled copy are two parts. Only pairs with like widths along their principal axes are registered,
    the likest first.
    """
    found = np.zeros(len(parts), bool)
    if not known:
        return found
    trained = [surface_of(part, np.random.default_rng(seed)) for part in known]
    widths = np.array([surface.widths for surface in trained])
    for row, part in enumerate(progress(parts, total=len(parts), label="near-duplicates")):
        surface = surface_of(part, np.random.default_rng(seed))
        differ = np.abs(widths - surface.widths).max(axis=1)
        likest = [index for index in np.argsort(differ) if differ[index] < WIDTHS_NEAR * part.diameter_m]
        near_m = NEAR / 2.0 * part.diameter_m  # `registered_distance` is the mean of both directions
        found[row] = any(registered_distance(surface, trained[index], near_m) < near_m for index in likest)
    return found
