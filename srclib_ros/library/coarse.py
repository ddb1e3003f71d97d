"""The first stage of a search in a large library: a few centres of each entry's views, in few dimensions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from srclib_ros.embedding.encoder import Descriptors
from srclib_ros.library.packing import unpacked
from srclib_ros.types import FloatArray

CENTRES = 4
"""Of an entry: one mean of views from all sides lies near none of them."""
DIMENSIONS = 16
"""Of shape and what is metric, by principal components over the library's views."""
_ROUNDS = 3
_BLOCK = 2_048
_VIEWS_FOR_COMPONENTS = 50_000


class CoarseIndex:
    """Estimates how far a query lies from every entry with one product of a matrix and a vector.

    A view is (its principal components, sqrt(2) * size_weight * ln size): half a squared Euclidean distance between
    two such is the squared distance of a view, see `search.distances`; that descriptors have nearest views of their own
    is left to the second stage. Of the V views of an entry `CENTRES` centres are kept, found by Lloyd's
    rounds from views that lie far apart.
    """

    def __init__(
        self,
        embeddings: npt.NDArray[np.generic],
        metric: npt.NDArray[np.generic],
        size_m: FloatArray,
        size_weight: float,
    ) -> None:
        """embeddings: (E, V, D), metric: (E, V, M), size_m: (E, V), as in `search.Gallery`. M 0: shape alone."""
        self._size_scale = np.float32(np.sqrt(2.0) * size_weight)
        self._metric_dim = metric.shape[2]
        self._mean, self._axes = _components(embeddings, metric)
        blocks = []
        for start in range(0, len(embeddings), _BLOCK):
            views = _together(embeddings[start : start + _BLOCK], metric[start : start + _BLOCK])
            log_size = np.log(size_m[start : start + _BLOCK])
            shape, size = (views - self._mean) @ self._axes, self._size_scale * log_size[..., None]
            blocks.append(centres_of(np.concatenate([shape, size], axis=2), CENTRES))
        centres = np.concatenate(blocks)
        half_squares = 0.5 * (centres**2).sum(axis=2, keepdims=True)
        by_centre = np.concatenate([-centres, half_squares], axis=2).transpose(1, 0, 2)
        self._matrix = np.ascontiguousarray(by_centre, np.float32).reshape(-1, by_centre.shape[2])

    def squared(self, query: Descriptors) -> FloatArray:
        """(E,) estimates of the squared distance of one query."""
        view = np.concatenate([query.embeddings[0], query.metric[0, : self._metric_dim]])
        log_size = np.log(query.size_m[0])
        feature = np.append((view - self._mean) @ self._axes, self._size_scale * log_size)
        half_squares = self._matrix @ np.append(feature, np.float32(1.0)).astype(np.float32)
        nearest = half_squares.reshape(CENTRES, -1).min(axis=0)
        squared: FloatArray = np.maximum(nearest + np.float32(0.5 * (feature**2).sum()), np.float32(0.0))
        return squared


def centres_of(features: FloatArray, count: int) -> FloatArray:
    """(E, count, C) centres of each entry's (V, C) views; the same view twice where there are fewer."""
    entries = np.arange(len(features))
    near = ((features - features.mean(axis=1, keepdims=True)) ** 2).sum(axis=2)
    chosen = []
    for number in range(count):
        row = near.argmax(axis=1)
        chosen.append(features[entries, row])
        away = ((features - chosen[-1][:, None]) ** 2).sum(axis=2)
        near = away if number == 0 else np.minimum(near, away)
    centres = np.stack(chosen, axis=1)
    for _ in range(_ROUNDS):
        apart = (centres**2).sum(axis=2)[:, None] - 2.0 * features @ centres.transpose(0, 2, 1)
        own = (apart.argmin(axis=2)[..., None] == np.arange(count)).astype(np.float32)
        members = own.sum(axis=1)[..., None]
        centres = np.where(members > 0, own.transpose(0, 2, 1) @ features / np.maximum(members, 1.0), centres)
    return centres


def _together(embeddings: npt.NDArray[np.generic], metric: npt.NDArray[np.generic]) -> FloatArray:
    return np.concatenate([unpacked(embeddings), unpacked(metric)], axis=-1)


def _components(embeddings: npt.NDArray[np.generic], metric: npt.NDArray[np.generic]) -> tuple[FloatArray, FloatArray]:
    """Mean (D + M,) and principal axes (D + M, at most DIMENSIONS) of views taken evenly."""
    rows = embeddings.shape[0] * embeddings.shape[1]
    flat = [views.reshape(rows, views.shape[2]) for views in (embeddings, metric)]
    every = max(rows // _VIEWS_FOR_COMPONENTS, 1)
    views = _together(flat[0][::every], flat[1][::every])
    mean = views.mean(axis=0)
    _, axes = np.linalg.eigh((views - mean).T @ (views - mean))
    return mean, np.ascontiguousarray(axes[:, ::-1][:, :DIMENSIONS])
