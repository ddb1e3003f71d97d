"""Retrieval figures: is the part that a query shows found again among the entries of a gallery?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from srclib_ros.embedding.encoder import Descriptors, Encoder
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.library.search import Gallery, distances
from srclib_ros.simulation.camera import ViewSampler
from srclib_ros.training.views import cut_one_side, full_clouds, partial_clouds
from srclib_ros.types import FloatArray

HIDDEN_SHARE = 0.3
QUERY_PIXELS = 64


@dataclass(frozen=True, eq=False)
class Queries:
    """Clouds of one kind with the index of the part that each shows."""

    clouds: list[FloatArray]
    part: npt.NDArray[np.int64]


def remember(encoder: Encoder, parts: Sequence[PartMesh], partial: int, full: int, rng: np.random.Generator) -> Gallery:
    """The gallery of `parts`: (E, partial + full) views each through the encoder."""
    described = [encoder.describe(partial_clouds(p, partial, rng) + full_clouds(p, full, rng)) for p in parts]
    return Gallery(np.stack([d.embeddings for d in described]), np.stack([d.size_m for d in described]))


def make_queries(parts: Sequence[PartMesh], each: int, rng: np.random.Generator) -> dict[str, Queries]:
    """`each` queries a part of the kinds full, partial and occluded."""
    kinds: dict[str, list[FloatArray]] = {"full": [], "partial": [], "occluded": []}
    for part in parts:
        sampler = ViewSampler(part)
        partial = [sampler.points(rng, pixels=QUERY_PIXELS) for _ in range(each)]
        kinds["full"] += full_clouds(part, each, rng)
        kinds["partial"] += partial
        kinds["occluded"] += [cut_one_side(cloud, HIDDEN_SHARE, rng) for cloud in partial]
    truth = np.repeat(np.arange(len(parts)), each)
    return {kind: Queries(clouds, truth) for kind, clouds in kinds.items()}


def describe_all(encoder: Encoder, clouds: Sequence[FloatArray], at_once: int = 64) -> Descriptors:
    """Descriptors of many clouds in bounded memory."""
    blocks = [encoder.describe(clouds[start : start + at_once]) for start in range(0, len(clouds), at_once)]
    return Descriptors(np.concatenate([b.embeddings for b in blocks]), np.concatenate([b.size_m for b in blocks]))


def ranks(distance: FloatArray, truth: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """(Q,) how many entries lie as near as the true one or nearer: 0 is found, a tie is not."""
    own = distance[np.arange(len(truth)), truth]
    return (distance <= own[:, None]).sum(axis=1) - 1


def top(distance: FloatArray, truth: npt.NDArray[np.int64]) -> dict[str, float]:
    """`top1` and `top5` of a (Q, E) distance matrix."""
    rank = ranks(distance, truth)
    return {"top1": float((rank < 1).mean()), "top5": float((rank < 5).mean())}


def evaluate_retrieval(
    encoder: Encoder, gallery: Gallery, queries: dict[str, Queries], size_weight: float
) -> dict[str, dict[str, object]]:
    """For each kind of query: top1, top5 with size, the same `scale_free`, and by `size_only`."""
    figures: dict[str, dict[str, object]] = {}
    blind = Gallery(np.zeros_like(gallery.embeddings[:, :, :1]), gallery.size_m)
    for kind, asked in queries.items():
        found = describe_all(encoder, asked.clouds)
        size_only = Descriptors(np.zeros((len(asked.part), 1), np.float32), found.size_m)
        figures[kind] = {
            **top(distances(gallery, found, size_weight), asked.part),
            "scale_free": top(distances(gallery, found, 0.0), asked.part),
            "size_only": top(distances(blind, size_only, 1.0), asked.part),
        }
    return figures
