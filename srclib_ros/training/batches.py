"""P x K batches of augmented, canonical clouds for training an encoder."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from srclib_ros.embedding.preprocess import AS_GIVEN, PRINCIPAL, canonicalise
from srclib_ros.errors import TrainingError
from srclib_ros.training.views import ViewSet, cut_one_side
from srclib_ros.types import FloatArray

IntVector = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Batches:
    """P = parts, K = views of each. points: kept of each cloud (the finished encoder may read more).

    grouping: whose views are alike: 'part', of the same shape; or 'family', of its siblings too. anchor: 'view', any
    view; or 'full', the first of the K is the whole surface, as a CAD's is, and the others are what a camera sees.
    sampling: 'parts', every shape is as likely; or 'views', every view is, so that shapes with few are seldom seen.
    repeats: how often each drawn view is among the K, augmented differently each time.
    crop_probability, max_crop: how often, and up to which share, a view is cut on one side of the image.
    jitter: largest standard deviation of noise on the points, as a share of the cloud's radius.
    """

    parts: int = 24
    views: int = 4
    points: int = 128
    grouping: str = "part"
    anchor: str = "view"
    sampling: str = "parts"
    repeats: int = 1
    crop_probability: float = 0.5
    max_crop: float = 0.4
    jitter: float = 0.01

    def check(self, views: ViewSet) -> None:
        """Raises TrainingError when `views` cannot fill a batch."""
        groups = views.parts if self.grouping == "part" else len(np.unique(self._groups(views)))
        if groups < self.parts:
            raise TrainingError(f"{groups} shapes or families to train on, a batch takes {self.parts}; add parts")
        if self.anchor == "full" and not views.full:
            raise TrainingError("the anchor is to be a full cloud, but the views hold none; ask for full views")

    def draw(self, views: ViewSet, rng: np.random.Generator, frame: str = PRINCIPAL) -> tuple[FloatArray, IntVector]:
        """clouds (P K, points, 3) float32, canonical, and labels (P K,): the shape or family of each."""
        groups = self._groups(views)
        if self.sampling == "views":
            rows = rng.choice(np.concatenate(views.telling), self.parts * self.views, replace=False)
            return self.clouds(views, rows, rng, frame), groups[rows // views.of_each]
        chosen = rng.choice(np.unique(groups), self.parts, replace=False)
        rows = np.concatenate([self._rows(views, np.flatnonzero(groups == group), rng) for group in chosen])
        return self.clouds(views, rows, rng, frame), np.repeat(chosen, self.views)

    def clouds(self, views: ViewSet, rows: IntVector, rng: np.random.Generator, frame: str) -> FloatArray:
        """(R, points, 3) float32, canonical: the views of these rows, augmented; `AS_GIVEN` they are turned anyhow."""
        seen = [self.augmented(views.points[row, :, :3], rng) for row in rows]
        if frame == AS_GIVEN:
            turns = Rotation.random(len(seen), rng=rng).as_matrix().astype(np.float32)
            seen = [cloud @ turn.T for cloud, turn in zip(seen, turns, strict=True)]
        return canonicalise(seen, self.points, frame).points

    def augmented(self, cloud: FloatArray, rng: np.random.Generator) -> FloatArray:
        """The cloud (N, 3) as worse circumstances would show it: noisier, and often cut on one side."""
        radius = float(np.sqrt(cloud.var(axis=0).sum()))
        cloud = cloud + rng.normal(0.0, self.jitter * radius * rng.random(), cloud.shape).astype(np.float32)
        if rng.random() < self.crop_probability:
            cloud = cut_one_side(cloud, float(rng.uniform(0.0, self.max_crop)), rng)
        return cloud

    def _groups(self, views: ViewSet) -> IntVector:
        if self.grouping == "family" and views.families is not None:
            return views.families
        return np.arange(views.parts)

    def _rows(self, views: ViewSet, shapes: IntVector, rng: np.random.Generator) -> IntVector:
        telling = np.concatenate([views.telling[shape] for shape in shapes])
        if self.anchor == "view":
            return np.resize(_distinct(telling, -(-self.views // self.repeats), rng), self.views)
        whole = (int(rng.choice(shapes)) + 1) * views.of_each - 1 - int(rng.integers(views.full))
        seen = telling[telling % views.of_each < views.of_each - views.full]
        return np.concatenate(([whole], _distinct(seen, self.views - 1, rng)))


def _distinct(rows: IntVector, count: int, rng: np.random.Generator) -> IntVector:
    """`count` of the rows at random, each as often as another where there are fewer."""
    return np.resize(rng.permutation(rows), count)
