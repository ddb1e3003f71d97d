"""Queries as the running cell meets them: segments that the pipeline's segmentation cuts out of simulated piles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from srclib_ros.artifact import hash_of_file
from srclib_ros.config import PipelineConfig
from srclib_ros.errors import SimulationError
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.geometry.oriented import oriented
from srclib_ros.library.selection import is_doubtful
from srclib_ros.segmentation.evaluation import are_whole
from srclib_ros.segmentation.instances import segment
from srclib_ros.segmentation.joining import SHIPPED
from srclib_ros.simulation.cell import BIN_SIZE_M, film
from srclib_ros.simulation.falling import falling
from srclib_ros.simulation.pile import BinPhysics
from srclib_ros.training.progress import Progress, silent
from srclib_ros.types import FloatArray

MOST_IN_A_PILE = 12
FILL = 1.0  # squared diameters in a pile, summed, over the area of the bin's floor
PURE = 0.5


@dataclass
class PileCounts:
    """How the segmented queries came about.

    parts_as_hull, parts_too_small, parts_too_large, parts_without_physics: see `simulation.falling.Falling`; what
    falls as its hull is filmed as it is. piles_failed: diverged, not filmed. instances: parts that lay in filmed
    piles. segments: all that was cut out, of which `mostly_bin` show bin or table in more than half of their pixels,
    and `impure` show no one part in half of them; neither becomes a query. doubtful: of the others, what the cell
    would not ask about, as it is likely not one whole part; doubtful_in_error: of these, what is.
    """

    parts_dropped: int = 0
    parts_too_small: int = 0
    parts_too_large: int = 0
    parts_as_hull: int = 0
    parts_without_physics: int = 0
    piles: int = 0
    piles_failed: int = 0
    instances: int = 0
    segments: int = 0
    mostly_bin: int = 0
    impure: int = 0
    doubtful: int = 0
    doubtful_in_error: int = 0


@dataclass(frozen=True, eq=False)
class PileSegments:
    """clouds: oriented, (N, 6) float32 each, metres, bin frame. part: (S,) index of the part that most of each one's
    pixels show. whole: (S,) see `segmentation.evaluation.are_whole`. asked: (S,) whether the cell would ask about it.
    """

    clouds: list[FloatArray]
    part: npt.NDArray[np.int64]
    whole: npt.NDArray[np.bool_]
    asked: npt.NDArray[np.bool_]
    counts: PileCounts


def segments_of_piles(
    parts: Sequence[PartMesh], seed: int, *, drops_each: int = 20, progress: Progress = silent
) -> PileSegments:
    """Drop mixed piles, each part `drops_each` times in all, film them with the default camera and its faults, and cut
    them with the pipeline's default settings. Parts that do not suit the cell are counted and left out."""
    drops = falling(progress(parts, total=len(parts), label="convex pieces"))
    bodies = drops.bodies
    counts = PileCounts(
        parts_dropped=len(bodies),
        parts_too_small=drops.too_small,
        parts_too_large=drops.too_large,
        parts_as_hull=drops.as_hull,
        parts_without_physics=drops.without_physics,
    )
    rng = np.random.default_rng([seed, len(parts)])
    piles = [pile for _ in range(drops_each) for pile in _pile_up(parts, rng.permutation(sorted(bodies)))]
    config = PipelineConfig()
    clouds: list[FloatArray] = []
    truth: list[int] = []
    whole: list[bool] = []
    asked: list[bool] = []
    for pile in progress(piles, total=len(piles), label="piles"):
        try:
            placed = BinPhysics([bodies[index] for index in pile], BIN_SIZE_M).drop(rng)
        except SimulationError:
            counts.piles_failed += 1
            continue
        counts.piles += 1
        counts.instances += len(placed)
        filmed = film([(parts[pile[number]], T_bin_object) for number, T_bin_object in placed], rng=rng)
        returned = np.bincount(filmed.instance_ids[np.isfinite(filmed.cloud.xyz[..., 2])])
        for found in segment(filmed.cloud, filmed.bin, config).segments:
            counts.segments += 1
            pixels = np.bincount(filmed.instance_ids.reshape(-1)[found.indices])
            instance = majority(pixels, counts)
            if instance is not None:
                clouds.append(oriented(found.points_bin, found.normals_bin))
                truth.append(pile[placed[instance - 1][0]])
                shown = np.pad(pixels, (0, len(returned) - len(pixels)))
                whole.append(bool(are_whole(shown[None], returned)[0]))
                asked.append(not is_doubtful(found.completeness, config.selection))
    is_whole, is_asked = np.array(whole, bool), np.array(asked, bool)
    counts.doubtful = int((~is_asked).sum())
    counts.doubtful_in_error = int((is_whole & ~is_asked).sum())
    return PileSegments(clouds, np.array(truth, np.int64), is_whole, is_asked, counts)


def cut_by() -> str:
    """Names the segmentation that cuts the piles: its settings, and what it learnt."""
    config = PipelineConfig()
    return f"{config.segmentation} {config.selection.least_completeness} {hash_of_file(SHIPPED)}"


def majority(pixels: npt.NDArray[np.int64], counts: PileCounts) -> int | None:
    """The instance that most pixels of a segment show; None, and counted, when they mostly show the bin or no one part.

    pixels: (I + 1,) how many show the bin (0) and each instance (from 1 on). Parts of one kind do not lie in one pile.
    """
    if pixels[0] > PURE * pixels.sum():
        counts.mostly_bin += 1
        return None
    instance = 1 + int(np.argmax(pixels[1:]))
    if pixels[instance] < PURE * pixels.sum():
        counts.impure += 1
        return None
    return instance


def _pile_up(parts: Sequence[PartMesh], order: npt.NDArray[np.int64]) -> Iterator[list[int]]:
    """The parts of `order` in piles that the bin holds."""
    floor_m2 = BIN_SIZE_M[0] * BIN_SIZE_M[1]
    pile: list[int] = []
    filled_m2 = 0.0
    for index in order.tolist():
        needed_m2 = parts[index].diameter_m ** 2
        if pile and (len(pile) == MOST_IN_A_PILE or filled_m2 + needed_m2 > FILL * floor_m2):
            yield pile
            pile, filled_m2 = [], 0.0
        pile.append(index)
        filled_m2 += needed_m2
    if pile:
        yield pile
