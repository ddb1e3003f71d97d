"""Retrieval figures: is the part that a query shows found again among the entries of a gallery?

The gallery holds views of each part; queries are full clouds turned anyhow, partial views through the sensor model,
and partial views of which a third is hidden on one side. Ties count as wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from srclib_ros.embedding.encoder import Descriptors, Encoder
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.library.search import Gallery, distances
from srclib_ros.simulation.camera import ViewSampler
from srclib_ros.training.progress import Progress, silent
from srclib_ros.training.views import cut_one_side, full_clouds, partial_clouds
from srclib_ros.types import FloatArray

HIDDEN_SHARE = 0.3
QUERY_PIXELS = 64
EXTENT_FLOOR_M = 0.001  # extents below the camera's noise say nothing


@dataclass(frozen=True, eq=False)
class Queries:
    """Clouds of one kind, and of each the index of the part that it shows."""

    clouds: list[FloatArray]
    part: npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class RetrievalTask:
    """gallery: the remembered clouds of each part, equally many of each. queries: by kind."""

    gallery: list[list[FloatArray]]
    queries: dict[str, Queries]


def retrieval_task(
    parts: Sequence[PartMesh],
    seed: int,
    *,
    partial: int = 40,
    full: int = 4,
    queries_each: int = 20,
    progress: Progress = silent,
) -> RetrievalTask:
    """Simulate a gallery of `partial` + `full` views of each part, and `queries_each` queries of each kind a part."""
    gallery: list[list[FloatArray]] = []
    kinds: dict[str, list[FloatArray]] = {"full": [], "partial": [], "occluded": []}
    for index, part in enumerate(progress(parts, total=len(parts), label="views")):
        rng = np.random.default_rng([seed, index])
        gallery.append(partial_clouds(part, partial, rng) + full_clouds(part, full, rng))
        sampler = ViewSampler(part)
        asked = [sampler.points(rng, pixels=QUERY_PIXELS) for _ in range(queries_each)]
        kinds["full"] += full_clouds(part, queries_each, rng)
        kinds["partial"] += asked
        kinds["occluded"] += [cut_one_side(cloud, HIDDEN_SHARE, rng) for cloud in asked]
    truth = np.repeat(np.arange(len(parts)), queries_each)
    return RetrievalTask(gallery, {kind: Queries(clouds, truth) for kind, clouds in kinds.items()})


def evaluate_retrieval(encoder: Encoder, task: RetrievalTask, size_weight: float) -> dict[str, dict[str, Any]]:
    """For each kind of query top1 and top5 with size, the same `scale_free`, and the same of `size_only`.

    size_only: the three sorted principal extents of the cloud and nothing else.
    """
    seen = [describe_all(encoder, clouds) for clouds in task.gallery]
    gallery = Gallery(np.stack([view.embeddings for view in seen]), np.stack([view.size_m for view in seen]))
    extents = np.stack([log_extents(clouds) for clouds in task.gallery])
    figures: dict[str, dict[str, Any]] = {}
    for kind, asked in task.queries.items():
        found = describe_all(encoder, asked.clouds)
        figures[kind] = {
            "queries": len(asked.clouds),
            **top(distances(gallery, found, size_weight), asked.part),
            "scale_free": top(distances(gallery, found, 0.0), asked.part),
            "size_only": top(extent_distances(extents, log_extents(asked.clouds)), asked.part),
        }
    return figures


def describe_all(encoder: Encoder, clouds: Sequence[FloatArray], at_once: int = 64) -> Descriptors:
    """Descriptors of many clouds in bounded memory."""
    blocks = [encoder.describe(clouds[start : start + at_once]) for start in range(0, len(clouds), at_once)]
    return Descriptors(np.concatenate([b.embeddings for b in blocks]), np.concatenate([b.size_m for b in blocks]))


def log_extents(clouds: Sequence[FloatArray]) -> FloatArray:
    """(B, 3) logarithms of each cloud's lengths along its principal axes, longest first."""
    lengths = []
    for cloud in clouds:
        centred = cloud - cloud.mean(axis=0)
        _, axes = np.linalg.eigh((centred.T @ centred).astype(np.float64))
        lengths.append(np.sort(np.ptp(centred @ axes, axis=0))[::-1])
    return np.log(np.array(lengths) + EXTENT_FLOOR_M).astype(np.float32)


def extent_distances(gallery: FloatArray, queries: FloatArray) -> FloatArray:
    """(B, E) distance of (B, 3) log extents to the nearest of each entry's views, gallery (E, V, 3)."""
    return np.stack([np.linalg.norm(gallery - query, axis=2).min(axis=1) for query in queries])


def ranks(distance: FloatArray, truth: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """(Q,) how many other entries lie as near as the true one or nearer: 0 is found, a tie is not."""
    own = distance[np.arange(len(truth)), truth]
    return (distance <= own[:, None]).sum(axis=1) - 1


def top(distance: FloatArray, truth: npt.NDArray[np.int64]) -> dict[str, float]:
    """`top1` and `top5` of a (Q, E) distance matrix."""
    rank = ranks(distance, truth)
    return {"top1": float((rank < 1).mean()), "top5": float((rank < 5).mean())}
