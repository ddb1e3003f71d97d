"""P x K batches of augmented, canonical clouds for training an encoder."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from srclib_ros.embedding.preprocess import canonicalise
from srclib_ros.training.views import ViewSet, cut_one_side
from srclib_ros.types import FloatArray


@dataclass(frozen=True)
class Batches:
    """P = parts, K = views of each. points: kept of each cloud (the finished encoder may read more).

    crop_probability, max_crop: how often, and up to which share, a view is cut on one side of the image.
    jitter: largest standard deviation of noise on the points, as a share of the cloud's radius.
    """

    parts: int = 24
    views: int = 4
    points: int = 128
    crop_probability: float = 0.5
    max_crop: float = 0.4
    jitter: float = 0.01

    def draw(self, views: ViewSet, rng: np.random.Generator) -> tuple[FloatArray, npt.NDArray[np.int64]]:
        """clouds (P K, points, 3) float32, canonical, and labels (P K,), equal for the views of one part."""
        chosen = rng.choice(views.parts, self.parts, replace=False)
        rows = [rng.choice(views.telling[part], self.views) for part in chosen]
        clouds = [self.augmented(views.points[row], rng) for row in np.concatenate(rows)]
        return canonicalise(clouds, self.points).points, np.repeat(np.arange(self.parts), self.views)

    def augmented(self, cloud: FloatArray, rng: np.random.Generator) -> FloatArray:
        """The cloud (N, 3) as worse circumstances would show it: noisier, and often cut on one side."""
        radius = float(np.sqrt(cloud.var(axis=0).sum()))
        cloud = cloud + rng.normal(0.0, self.jitter * radius * rng.random(), cloud.shape).astype(np.float32)
        if rng.random() < self.crop_probability:
            cloud = cut_one_side(cloud, float(rng.uniform(0.0, self.max_crop)), rng)
        return cloud
