"""Bag of words of fast point feature histograms.

FPFH: Rusu, Blodow and Beetz, ICRA 2009, as Open3D computes it. Words: k-means over the gallery's own features, as
Sivic and Zisserman, ICCV 2003, made them for images.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from srclib_ros.embedding.encoder import Descriptors
from srclib_ros.errors import MissingDependencyError
from srclib_ros.geometry.normals import neighbour_normals
from srclib_ros.geometry.oriented import points_of
from srclib_ros.training.descriptors.describer import rms_radius, sizes_m, thinned_for, unit_histograms
from srclib_ros.types import FloatArray

POINTS = 512
NEIGHBOURS = 16
RADIUS = 0.5  # of a feature, in root mean square radii of its cloud: the same share of a small part and a large one
NEAREST = 60  # at most so many points make a feature
WORDS = 64
FITTED_ON, EACH = 400, 50  # clouds, and features of each


class FastPointFeatureWords:
    """How often each of 64 words, learnt from a gallery, occurs in a cloud.

    Normals look away from the cloud's centroid, the one orientation that needs no viewpoint.
    """

    def __init__(self, gallery: Sequence[FloatArray], seed: int) -> None:
        """gallery: the clouds (N, 3) float32, metres, whose features become the words."""
        try:
            from sklearn.cluster import MiniBatchKMeans
        except ImportError as error:
            raise MissingDependencyError("words need scikit-learn; pip install 'srclib-ros[train]'") from error
        rng = np.random.default_rng(seed)
        asked = rng.permutation(len(gallery))[:FITTED_ON]
        drawn = np.concatenate([rng.permutation(fast_point_features(gallery[row]))[:EACH] for row in asked])
        fit: Any = MiniBatchKMeans(min(WORDS, len(drawn)), random_state=seed, n_init=3, batch_size=4096).fit(drawn)
        self._words = fit.cluster_centers_.astype(np.float32)
        self._half_squares = 0.5 * np.einsum("ij,ij->i", self._words, self._words)

    def describe(self, clouds: Sequence[FloatArray]) -> Descriptors:
        """embeddings (B, words) unit rows; size_m (B,), root mean square distance to the centroid."""
        counts = np.stack([self._histogram(fast_point_features(cloud)) for cloud in clouds])
        return Descriptors(unit_histograms(counts), sizes_m(clouds))

    def _histogram(self, features: FloatArray) -> FloatArray:
        nearest = np.argmax(features @ self._words.T - self._half_squares, axis=1)
        return np.bincount(nearest, minlength=len(self._words)).astype(np.float32)


def fast_point_features(cloud: FloatArray) -> FloatArray:
    """(M, 33) float32 of at most 512 points of the cloud (N, 3); three histograms of 11 bins, each summing to 1."""
    import open3d as o3d

    points = thinned_for(points_of(cloud), POINTS)
    centred = points - points.mean(axis=0)
    normals = neighbour_normals(centred, np.zeros(3), NEIGHBOURS)  # towards the centroid
    known = np.isfinite(normals[:, 0])
    seen = o3d.geometry.PointCloud(o3d.utility.Vector3dVector(centred[known].astype(np.float64)))
    seen.normals = o3d.utility.Vector3dVector(-normals[known].astype(np.float64))
    near = o3d.geometry.KDTreeSearchParamHybrid(radius=RADIUS * rms_radius(centred), max_nn=NEAREST)
    features: FloatArray = np.asarray(o3d.pipelines.registration.compute_fpfh_feature(seen, near).data.T, np.float32)
    features /= np.maximum(features.sum(axis=1, keepdims=True) / 3.0, 1e-6)
    return features
