"""Which clustering to trust: every algorithm on the parts as each encoder sees them.

rows/   one JSON an encoder, of all algorithms; what is there is not measured again
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import adjusted_rand_score

from srclib_ros import __version__
from srclib_ros.artifact import read_json, sha256, write_json
from srclib_ros.embedding.encoder import Encoder, encoder_id
from srclib_ros.experiments.pictures import bars
from srclib_ros.experiments.table import Table, write_summary
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.library.clustering import ALGORITHMS, Parts, part_distances
from srclib_ros.library.clustering.scores import noise_alone, scores
from srclib_ros.library.search import Gallery
from srclib_ros.training.part_views import mesh_hash
from srclib_ros.training.progress import Progress, silent
from srclib_ros.training.retrieval import describe_all
from srclib_ros.training.views import full_clouds, partial_clouds
from srclib_ros.types import FloatArray

PARTIAL_VIEWS, FULL_VIEWS = 40, 4
RESAMPLINGS = 10
FIGURES = ("clusters", "noise", "silhouette", "dbcv", "ari", "nmi", "stability")


def experiment_clustering(
    parts: Sequence[PartMesh],
    encoders: Mapping[str, Path],
    out: Path,
    seed: int = 0,
    meta: Mapping[str, Any] | None = None,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Cluster `parts` with every algorithm as each of `encoders` sees them; write summary and picture into `out`.

    encoders: name of the row -> sealed encoder folder. meta: what the summary says besides. Returns the summary.
    """
    clouds: list[list[FloatArray]] | None = None
    rows: list[dict[str, Any]] = []
    summary: dict[str, Any] = {}
    identity = sha256(repr((__version__, seed, [mesh_hash(part) for part in parts])).encode())[:12]
    for name, folder in progress(encoders.items(), total=len(encoders), label="encoders"):
        path = out / "rows" / f"{encoder_id(folder)}_{identity}.json"
        if path.is_file():
            of_encoder = list(read_json(path))
        else:
            clouds = clouds or [_clouds(part, seed, row) for row, part in enumerate(parts)]
            of_encoder = _rows(Encoder.load(folder), clouds, [part.category for part in parts], seed)
            write_json(path, of_encoder)
        rows += [{"encoder": name, **row} for row in of_encoder]
        summary = _write(out, {**(meta or {}), "parts": len(parts)}, rows)
    return summary


def stability(gallery: Gallery, algorithm: str, seed: int) -> float:
    """Mean adjusted Rand index between clusterings of the same parts from random halves of each part's views.

    1: what a part was seen from does not matter; 0: the clusters are an accident of the views. Parts that are noise
    are clusters of their own, so that calling everything noise is not steady.
    """
    rng = np.random.default_rng(seed)
    views = gallery.embeddings.shape[1]
    found = []
    for _ in range(RESAMPLINGS):
        first = rng.permutation(views)
        pair = [
            noise_alone(ALGORITHMS[algorithm](Parts(part_distances(gallery[:, half]))).labels)
            for half in np.array_split(first, 2)
        ]
        found.append(adjusted_rand_score(*pair))
    return float(np.mean(found))


def _rows(encoder: Encoder, clouds: Sequence[list[FloatArray]], categories: list[str], seed: int) -> list[Any]:
    described = describe_all(encoder, [cloud for of_part in clouds for cloud in of_part])
    gallery = Gallery.of(described, PARTIAL_VIEWS + FULL_VIEWS)
    parts = Parts(part_distances(gallery))
    rows = []
    for algorithm, cluster in ALGORITHMS.items():
        started = time.perf_counter()
        found = cluster(parts)
        seconds = time.perf_counter() - started
        figures = scores(parts, found, categories)
        steady = stability(gallery, algorithm, seed)
        rows.append({"algorithm": algorithm, **figures, "stability": steady, "seconds": seconds})
    return rows


def _clouds(part: PartMesh, seed: int, row: int) -> list[FloatArray]:
    rng = np.random.default_rng([seed, row])
    return partial_clouds(part, PARTIAL_VIEWS, rng) + full_clouds(part, FULL_VIEWS, rng)


def _write(out: Path, about: dict[str, Any], rows: list[dict[str, Any]]) -> dict[str, Any]:
    table = Table(
        "Every clustering on every encoder",
        ("encoder", "algorithm", *FIGURES, "seconds"),
        rows,
        (
            f"{about['parts']} parts, distances as the encoder sees them, parameters found from the data. ari, nmi: "
            f"against categories. stability: ARI between clusterings of halves of the views, mean of {RESAMPLINGS}.",
        ),
    )
    named = [
        {"name": f"{row['encoder']}: {row['algorithm']}", "ari": row["ari"]} for row in rows if row["ari"] is not None
    ]
    if named:
        best_first = sorted(named, key=lambda row: -row["ari"])
        bars(best_first, "name", "ari", out / "clustering.png", "ARI against categories")
    return write_summary(out, "clustering", {**about, "rows": rows}, [table])
