"""How heavy a part is, and where its centre of mass lies, guessed from one view of it.

What is seen is taken to reach down to the floor, but no deeper than the part is wide: of the parts generated here, seen
in piles, half are within 0.9 and 2 times their weight. A guess to rank cups with, not to carry loads by.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from srclib_ros.types import Matrix, Segment

LEAST_SEEN = 0.3


@dataclass(frozen=True, eq=False)
class Weight:
    """mass_kg, and the centre of mass (3,), metres, bin frame."""

    mass_kg: float
    centre_bin: Matrix


def guess_weight(segment: Segment, density_m2: float, density_kg_m3: float) -> Weight:
    """density_m2: points of the segment for each square metre of floor that it covers. density_kg_m3: of the part.

    What may be missing of a segment that is likely not one whole part weighs as well.
    """
    points = segment.points_bin.astype(np.float64)
    middle = points.mean(axis=0)
    spread = points - middle
    axes = np.linalg.eigh(spread.T @ spread)[1]
    width_m = float(np.sort(np.ptp(spread @ axes, axis=0))[1])
    depth = np.clip(points[:, 2], 0.0, width_m)
    centre = np.average(points - depth[:, None] * (0.0, 0.0, 0.5), axis=0, weights=np.maximum(depth, 1e-6))
    seen = 1.0 if segment.completeness is None else max(segment.completeness, LEAST_SEEN)
    return Weight(density_kg_m3 * float(depth.sum()) / density_m2 / seen, centre)
