"""Libraries of any number of entries in given clusters, with the meshes of those that have a network."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from support.grasp_parts import bent_plate, object_model

from srclib_ros.artifact import seal, write_json, write_tensors
from srclib_ros.embedding.encoder import encoder_id
from srclib_ros.grasping.object_model import save_object
from srclib_ros.library.clustering import medoids, part_distances
from srclib_ros.library.search import Gallery
from srclib_ros.library.store import ENCODER, ENTRIES, GALLERY, KIND, MODELS, QUERIES, SCHEMA, Library

VIEWS, DIMENSIONS = 3, 8


def clustered_library(
    folder: Path,
    clusters: Sequence[int],
    networks: Collection[int] = (),
    names: Sequence[str] | None = None,
    provenance: Sequence[str] | None = None,
    **changes: Any,
) -> Library:
    """Write and open it. networks: rows that have one. `changes` go into the manifest."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(max(clusters) + 2, DIMENSIONS))
    spread = np.where(np.array(clusters) < 0, 2.0, 0.2)[:, None, None]
    views = centres[list(clusters)][:, None] + spread * rng.normal(size=(len(clusters), VIEWS, DIMENSIONS))
    embeddings = (views / np.linalg.norm(views, axis=2, keepdims=True)).astype(np.float32)
    gallery = Gallery(embeddings, np.full((len(clusters), VIEWS), 0.02, np.float32))
    chosen = set(medoids(part_distances(gallery), np.array(clusters)).values())

    write_json(folder / ENCODER / "config.json", {})
    seal(folder / ENCODER, "encoder", 1, {"seed": 0})
    records = []
    for row, cluster in enumerate(clusters):
        model = f"{MODELS}/{row}" if row in networks else None
        if model:
            save_object(folder / model, object_model(bent_plate()))
            seal(folder / model, "grasp_model", 1, {})
        records.append(
            {
                "name": names[row] if names else f"part_{row}",
                "category": f"kind_{cluster}" if cluster >= 0 else "odd",
                "diameter_m": 0.05,
                "extents_m": [0.04, 0.03, 0.01],
                "cluster": cluster,
                "strength": 0.0 if cluster < 0 else 0.9,
                "is_representative": row in chosen,
                "model": model,
                "provenance": provenance[row] if provenance else "by hand",
            }
        )
    write_json(folder / ENTRIES, records)
    for file in (GALLERY, QUERIES):
        write_tensors(folder / file, gallery.tensors)
    rates = {"false_accept": 0.1, "false_reject": 0.2, "auroc": 0.9, "queries": 10}
    thresholds = {"identity": {"similarity": 0.99, **rates}, "suitability": {"similarity": 0.8, **rates}}
    meta = {
        "name": "clustered",
        "seed": 4,
        "encoder": encoder_id(folder / ENCODER),
        "size_weight": 0.0,
        "thresholds": thresholds,
        "thresholds_of_whole": thresholds,
        "clustering": {"algorithm": "hdbscan", "min_cluster_size": 2, "min_samples": 1},
    }
    seal(folder, KIND, SCHEMA, meta | changes)
    return Library.open(folder)
