"""Which encoder and which clustering choose good sources, judged by gains that came true, with no further training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from srclib_ros.embedding.encoder import Encoder
from srclib_ros.errors import ConfigError
from srclib_ros.experiments.table import Table
from srclib_ros.experiments.transfer.experiment import Results
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.library.clustering import ALGORITHMS, Clustering, Parts, part_distances
from srclib_ros.library.entry import NOISE
from srclib_ros.library.search import Gallery, distances, fitting_size_weight
from srclib_ros.library.votes import vote
from srclib_ros.training.progress import Progress, silent
from srclib_ros.training.retrieval import describe_all
from srclib_ros.training.views import full_clouds, partial_clouds
from srclib_ros.types import FloatArray, Matrix

PARTIAL_VIEWS, FULL_VIEWS, ASKED_VIEWS = 40, 4, 20
Row = dict[str, Any]


def selection_tables(
    results: Results,
    parts: Sequence[PartMesh],
    encoders: Mapping[str, Path],
    progress: Progress = silent,
) -> list[Table]:
    """parts: the library's, all of them, so that clusters are those of a whole library. encoders: name of the row ->
    sealed folder. Raises ConfigError where a source is none of the parts."""
    names = [part.name for part in parts]
    gains = results.gains()
    sources = list(next(iter(gains.values())))
    missing = sorted(set(sources) - set(names))
    if missing:
        raise ConfigError(f"{missing[0]} is a source, but none of the library's parts; name the parts it was built of")
    rows_of_sources = np.array([names.index(source) for source in sources])
    seed = results.experiment.seed
    clouds = [_views(part, seed, row, PARTIAL_VIEWS) for row, part in enumerate(parts)]
    targets = [target.mesh for target in results.experiment.targets]
    asked = [_views(mesh, seed, len(parts) + row, ASKED_VIEWS) for row, mesh in enumerate(targets)]
    of_encoder: list[Row] = []
    of_clustering: list[Row] = []
    for name, folder in progress(encoders.items(), total=len(encoders), label="encoders"):
        encoder = Encoder.load(folder)
        gallery = Gallery.of(
            describe_all(encoder, [view for views in clouds for view in views]), PARTIAL_VIEWS + FULL_VIEWS
        )
        shape, sized = (
            np.array([_voted(gallery, encoder, views, weight) for views in asked])
            for weight in (0.0, fitting_size_weight(gallery.metric.shape[2]))
        )
        true = np.array([[gains[mesh.name][source] for source in sources] for mesh in targets])
        of_encoder.append(
            {
                "encoder": name,
                "spearman, shape": _ordered(shape[:, rows_of_sources], true),
                "spearman, with size": _ordered(sized[:, rows_of_sources], true),
                "regret of the nearest": _regret(shape[:, rows_of_sources].argmin(axis=1), true),
                "regret of the nearest, with size": _regret(sized[:, rows_of_sources].argmin(axis=1), true),
            }
        )
        distance = part_distances(gallery)
        for algorithm, cluster in ALGORITHMS.items():
            found = cluster(Parts(distance))
            of_clustering.append(
                {"encoder": name, "algorithm": algorithm, **_clustered(found, shape, distance, rows_of_sources, true)}
            )
    note = (
        f"{len(targets)} targets, {len(sources)} sources, gains as above. Spearman: of nearness and gain over the "
        "sources of a target, mean. Regret: gain of the best source less that of the chosen one, mean."
    )
    note_clusters = (
        "within, across: mean gain of the sources in the cluster of the part nearest to the target, and of the others; "
        "targets whose nearest part is in none, or in one without a source, are left out (asked: how many are left). "
        "representative: gain lost by starting from the source nearest to the cluster's medoid in the place of the one "
        "nearest to the target."
    )
    return [
        Table("Which encoder orders sources by their gains", tuple(of_encoder[0]), of_encoder, (note,)),
        Table(
            "Which clustering puts useful sources together", tuple(of_clustering[0]), of_clustering, (note_clusters,)
        ),
    ]


def _views(part: PartMesh, seed: int, row: int, partial: int) -> list[FloatArray]:
    rng = np.random.default_rng([seed, row])
    clouds: list[FloatArray] = partial_clouds(part, partial, rng) + full_clouds(part, FULL_VIEWS, rng)
    return clouds


def _voted(gallery: Gallery, encoder: Encoder, views: list[FloatArray], size_weight: float) -> FloatArray:
    far = distances(gallery, encoder.describe(views), size_weight)
    return vote(far, np.ones(len(far)))


def _ordered(distance: Matrix, true: Matrix) -> float:
    """(T, S) each: mean over targets of Spearman's correlation of nearness and gain."""
    return float(np.mean([spearmanr(-far, gain).statistic for far, gain in zip(distance, true, strict=True)]))


def _regret(chosen: Matrix, true: Matrix) -> float:
    return float(np.mean(true.max(axis=1) - true[np.arange(len(true)), chosen]))


def _clustered(found: Clustering, to_parts: Matrix, distance: Matrix, sources: Matrix, true: Matrix) -> Row:
    """to_parts: (T, E). distance: (E, E). sources: (S,) rows of the parts. true: (T, S)."""
    labels = found.labels[sources]
    within, across, lost = [], [], []
    for far, gain in zip(to_parts, true, strict=True):
        cluster = int(found.labels[int(far.argmin())])
        inside = labels == cluster
        if cluster == NOISE or not inside.any():
            continue
        within.append(gain[inside].mean())
        across.append(gain[~inside].mean() if (~inside).any() else np.nan)
        medoid = found.representatives[cluster]
        lost.append(gain[int(far[sources].argmin())] - gain[int(distance[medoid, sources].argmin())])
    if not within:
        return {"asked": 0, "within": None, "across": None, "representative": None}
    return {
        "asked": len(within),
        "within": float(np.mean(within)),
        "across": float(np.nanmean(across)),
        "representative": float(np.mean(lost)),
    }
