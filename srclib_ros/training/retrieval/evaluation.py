"""One encoder, or one hand-made descriptor, on one retrieval task: every figure, with metric size and without."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from srclib_ros.embedding.encoder import Descriptors
from srclib_ros.library.search import Gallery, distances
from srclib_ros.training.descriptors.describer import Describer
from srclib_ros.training.retrieval.scores import Indices, category_found, found, identity, ranks, suitability
from srclib_ros.training.retrieval.task import HIDDEN_SHARE, RetrievalTask
from srclib_ros.training.views import cut_one_side
from srclib_ros.types import FloatArray

SIZE_WEIGHTS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 1.0, 1.4)
FITTED_ON = 6  # views of each part


def evaluate_retrieval(
    encoder: Describer, task: RetrievalTask, size_weight: float | None = None, gallery: Gallery | None = None
) -> dict[str, Any]:
    """Figures by kind of query, and `category`, `identity` and `suitability`, each with its `scale_free` beside it.

    size_weight: how much metric size counts, see `library.search.distances`; None fits it to the gallery. gallery:
    `remembered` of both, where it is at hand. Kinds of which there is no query, and figures that need categories where
    there are none, are absent.
    """
    gallery = gallery or remembered(encoder, task)
    if size_weight is None:
        size_weight = fitted_size_weight(encoder, task, gallery)
    figures: dict[str, Any] = {"size_weight": size_weight}
    to_entries: dict[str, tuple[FloatArray, FloatArray]] = {}
    for kind, asked in task.queries.items():
        described = describe_all(encoder, asked.clouds)
        with_size, scale_free = distances(gallery, described, size_weight), distances(gallery, described, 0.0)
        to_entries[kind] = with_size, scale_free
        figures[kind] = {
            "queries": len(asked.clouds),
            **found(with_size, asked.part, task.twins.group, task.seed),
            "scale_free": found(scale_free, asked.part, task.twins_scale_free.group, task.seed),
        }
    for name, figure in _VERDICTS.items():
        by_kind = {
            kind: _both(figure, *to_entries[kind], task.queries[kind].part, task) for kind in ("full", "partial")
        }
        if by_kind["partial"] is not None:
            figures[name] = {**by_kind["partial"], **by_kind}
    category = _both(category_found, *to_entries["full"], task.queries["full"].part, task)
    if category is not None:
        figures["category"] = category
    return figures


def describe_all(encoder: Describer, clouds: Sequence[FloatArray], at_once: int = 64) -> Descriptors:
    """Descriptors of many clouds in bounded memory."""
    starts = range(0, len(clouds), at_once)
    return Descriptors.concatenated([encoder.describe(clouds[start : start + at_once]) for start in starts])


def remembered(encoder: Describer, task: RetrievalTask) -> Gallery:
    """The gallery's views of each part, described."""
    return Gallery.of(describe_all(encoder, task.remembered), len(task.gallery[0]))


def fitted_size_weight(
    encoder: Describer, task: RetrievalTask, gallery: Gallery | None = None, views: int = FITTED_ON
) -> float:
    """The weight of size with which a descriptor finds most of the gallery's own views again, of `SIZE_WEIGHTS`.

    No query is looked at: `views` remembered partial views of each part are asked for, every second one less 30 % on
    one side as occluded queries are, each against a gallery that lacks the view of that number. Of equally good
    weights the least. gallery: `remembered` of both, where it is at hand.
    """
    gallery = gallery or remembered(encoder, task)
    rng = np.random.default_rng(task.seed)
    chosen = np.arange(0, task.partial, max(1, task.partial // views))[:views]
    asked = [
        cut_one_side(clouds[view], HIDDEN_SHARE, rng) if number % 2 else clouds[view]
        for clouds in task.gallery
        for number, view in enumerate(chosen)
    ]
    truth = np.repeat(np.arange(len(task.gallery)), len(chosen))
    described = describe_all(encoder, asked)
    hits = np.zeros(len(SIZE_WEIGHTS), np.int64)
    for number, view in enumerate(chosen):
        others = gallery[:, np.arange(gallery.size_m.shape[1]) != view]
        rows = np.arange(number, len(asked), len(chosen))
        queries = described[rows]
        for row, weight in enumerate(SIZE_WEIGHTS):
            hits[row] += np.count_nonzero(ranks(distances(others, queries, weight), truth[rows]) < 1)
    return SIZE_WEIGHTS[int(np.argmax(hits))]


Figure = Callable[[FloatArray, Indices, list[str], int], dict[str, Any] | None]


def _identity(distance: FloatArray, truth: Indices, categories: list[str], seed: int) -> dict[str, Any]:
    return identity(distance, truth, seed)


_VERDICTS: dict[str, Figure] = {"identity": _identity, "suitability": suitability}


def _both(
    figure: Figure, with_size: FloatArray, scale_free: FloatArray, truth: Indices, task: RetrievalTask
) -> dict[str, Any] | None:
    of_size = figure(with_size, truth, task.categories, task.seed)
    if of_size is None:
        return None
    return {**of_size, "scale_free": figure(scale_free, truth, task.categories, task.seed)}
