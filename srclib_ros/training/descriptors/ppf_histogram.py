"""The hand-made descriptor to beat: the histogram of point pair features as it is, see `embedding.point_pairs`."""

from __future__ import annotations

from collections.abc import Sequence

from srclib_ros.embedding.encoder import Descriptors
from srclib_ros.embedding.point_pairs import pair_histograms
from srclib_ros.embedding.preprocess import canonicalise
from srclib_ros.embedding.surfels import surfels
from srclib_ros.types import FloatArray

POINTS, PARTNERS = 512, 32


class PointPairHistogram:
    """16,384 pairs of 512 points, free of scale, and size beside it. Normals are those that the encoder gets."""

    def describe(self, clouds: Sequence[FloatArray]) -> Descriptors:
        """embeddings (B, 1536) unit rows; size_m (B,), root mean square distance to the centroid."""
        canonical = canonicalise(clouds, POINTS)
        counted = pair_histograms(surfels(clouds, canonical, POINTS), canonical.size_m, PARTNERS)
        return Descriptors(counted.free, canonical.size_m)
