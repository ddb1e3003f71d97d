"""Descriptors that nobody trained: what an encoder is measured against, on the same clouds.

Each is made from the gallery's clouds and a seed, which most of them do not need.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from srclib_ros.training.descriptors.d2 import ShapeDistribution
from srclib_ros.training.descriptors.describer import Describer
from srclib_ros.training.descriptors.extents import SortedExtents
from srclib_ros.training.descriptors.fpfh_bow import FastPointFeatureWords
from srclib_ros.training.descriptors.ppf_histogram import PointPairHistogram
from srclib_ros.training.descriptors.untrained_pointnet import UntrainedPointNet
from srclib_ros.types import FloatArray

__all__ = ["BASELINES", "VERSION", "Describer"]

VERSION = 3
"""One more whenever a descriptor changes: what was measured of it before is not used."""

BASELINES: dict[str, Callable[[Sequence[FloatArray], int], Describer]] = {
    "size_only": lambda gallery, seed: SortedExtents(),
    "ppf_histogram": lambda gallery, seed: PointPairHistogram(),
    "fpfh_bow": FastPointFeatureWords,
    "d2": lambda gallery, seed: ShapeDistribution(),
    "untrained_pointnet": lambda gallery, seed: UntrainedPointNet(seed),
}
