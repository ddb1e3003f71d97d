"""Joins segments that are pieces of one part, and says how likely each result is the whole of what is seen of its part.

A hub inside its gear, a bolt's shank below its head and what an edge or a shadow cuts off look like parts of their own
to folds and depth steps alone. Both judgements are trees that were trained on simulated piles.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from srclib_ros.artifact import read_tensors
from srclib_ros.config import SegmentationConfig
from srclib_ros.errors import ArtifactDamagedError
from srclib_ros.segmentation.completeness import FEATURES as SEGMENT_FEATURES
from srclib_ros.segmentation.completeness import Making, segment_features
from srclib_ros.segmentation.organised import Pieces, drop_small, give_sides, relabel
from srclib_ros.segmentation.pieces import FEATURES as PAIR_FEATURES
from srclib_ros.segmentation.pieces import Pairs, neighbouring_pairs
from srclib_ros.segmentation.trees import BoostedTrees
from srclib_ros.types import FloatArray

SHIPPED = Path(__file__).with_name("joining.safetensors")
PAIRS, SEGMENTS = "pairs", "segments"


@dataclass(frozen=True, eq=False)
class PieceJoiner:
    """pairs: is a pair, by `pieces.FEATURES`, of one part? segments: is one, by `completeness.FEATURES`, whole?"""

    pairs: BoostedTrees
    segments: BoostedTrees

    @classmethod
    def load(cls, path: Path) -> PieceJoiner:
        """Raises ArtifactMissingError or ArtifactDamagedError."""
        tensors = read_tensors(path)
        try:
            return cls(
                BoostedTrees.read(tensors, PAIRS, PAIR_FEATURES), BoostedTrees.read(tensors, SEGMENTS, SEGMENT_FEATURES)
            )
        except (KeyError, ValueError) as error:
            raise ArtifactDamagedError(f"{path}: no trees to join pieces with ({error}); train them again") from error


def open_joiner(path: str = "") -> PieceJoiner:
    """Read once, and again when the file has changed; "": the one that ships. Raises ArtifactError."""
    place = Path(path) if path else SHIPPED
    return _read(place, place.stat().st_mtime_ns if place.is_file() else 0)


@lru_cache(maxsize=4)
def _read(place: Path, changed_ns: int) -> PieceJoiner:
    return PieceJoiner.load(place)


def join_pieces(pieces: Pieces, trees: BoostedTrees, settings: SegmentationConfig) -> FloatArray:
    """Join the pieces to segments, drop small ones, and give the others their sides; 1..n in the end.

    trees: `PieceJoiner.pairs`. Returns (n, F) the segments' `completeness.FEATURES`.
    """
    labels = pieces.labels
    pairs = neighbouring_pairs(pieces)
    of_one_part = trees.probability(pairs.features)
    piece_px = np.bincount(labels.ravel())
    parts = joined(pairs, of_one_part, settings.join_probability, len(piece_px))
    largest_px = np.zeros(len(parts.doubt))
    np.maximum.at(largest_px, parts.names, piece_px)
    relabel(labels, parts.names)
    kept = drop_small(labels, settings.min_points)
    core_px = np.bincount(labels.ravel())[1:]
    give_sides(pieces)
    return segment_features(pieces, Making(parts.doubt[kept], core_px, largest_px[kept]))


@dataclass(frozen=True, eq=False)
class Joined:
    """names: (L,) the new label of each of the labels 0..L-1; 0 stays 0. doubt: of each new label, the highest
    probability with which something is of its part that was not joined to it."""

    names: npt.NDArray[np.int32]
    doubt: FloatArray


def joined(pairs: Pairs, probability: FloatArray, least: float, count: int) -> Joined:
    """Pairs that are of one part with at least the probability `least`, and what chains of them connect, become one.

    count: L, of the labels with 0.
    """
    likely = probability >= least
    first, second = pairs.labels[likely].T
    graph = coo_array((np.ones(len(first), np.int8), (first, second)), shape=(count, count))
    names = connected_components(graph, directed=False)[1].astype(np.int32)
    doubt = np.zeros(int(names.max()) + 1, np.float32)
    ends = names[pairs.labels]
    apart = ends[:, 0] != ends[:, 1]
    for end in ends[apart].T:
        np.maximum.at(doubt, end, probability[apart])
    return Joined(names, doubt)
