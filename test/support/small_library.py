"""A library small enough to work out by hand: five entries with one view each, at known angles in the plane."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from srclib_ros.artifact import seal, write_json, write_tensors
from srclib_ros.embedding.encoder import Descriptors, encoder_id
from srclib_ros.library.search import Gallery
from srclib_ros.library.store import ENCODER, ENTRIES, GALLERY, KIND, MODELS, SCHEMA
from srclib_ros.types import FloatArray, Segment

# name, cluster, diameter_m, has a network, angle of its view in degrees, observed size of its view in metres
ROWS = (
    ("bolt_m8", 0, 0.04, True, 0.0, 0.010),
    ("bolt_m16", 0, 0.08, False, 10.0, 0.020),
    ("ring", 1, 0.05, False, 90.0, 0.015),
    ("ring_wide", 1, 0.10, False, 100.0, 0.030),
    ("plate", -1, 0.06, False, 180.0, 0.020),
)


def write_small_library(folder: Path, **changes: Any) -> Path:
    """Write and seal it; `changes` go into the manifest."""
    write_json(folder / ENCODER / "config.json", {})
    seal(folder / ENCODER, "encoder", 1, {"seed": 0})
    records = [record_of(*row[:4]) for row in ROWS]
    for record in records:
        if record["model"]:
            write_json(folder / record["model"] / "config.json", {})
            seal(folder / record["model"], "grasp_model", 1, {})
    write_json(folder / ENTRIES, records)
    gallery = Gallery(np.stack([at_degrees(row[4])[None] for row in ROWS]), np.float32([[row[5]] for row in ROWS]))
    write_tensors(folder / GALLERY, gallery.tensors)
    rates = {"false_accept": 0.1, "false_reject": 0.2, "auroc": 0.9, "queries": 10}
    thresholds = {"identity": {"similarity": 0.99, **rates}, "suitability": {"similarity": 0.8, **rates}}
    of_whole = {"identity": {"similarity": -0.01, **rates}, "suitability": {"similarity": 0.8, **rates}}
    meta = {
        "name": "small",
        "encoder": encoder_id(folder / ENCODER),
        "size_weight": 0.0,
        "thresholds": thresholds,
        "thresholds_of_whole": of_whole,
    }
    seal(folder, KIND, SCHEMA, meta | changes)
    return folder


def record_of(name: str, cluster: int, diameter_m: float, has_model: bool) -> dict[str, Any]:
    return {
        "name": name,
        "category": name.split("_")[0],
        "diameter_m": diameter_m,
        "extents_m": [diameter_m, diameter_m / 2, diameter_m / 4],
        "cluster": cluster,
        "strength": 1.0,
        "is_representative": has_model,
        "model": f"{MODELS}/{name}" if has_model else None,
        "provenance": "by hand",
    }


def at_degrees(*angles: float) -> FloatArray:
    """Unit vectors in the plane; (2,) for one angle, (B, 2) for several."""
    radians = np.deg2rad(angles if len(angles) > 1 else angles[0])
    return np.stack([np.cos(radians), np.sin(radians)], axis=-1).astype(np.float32)


@dataclass(frozen=True)
class SaidEncoder:
    """Answers each cloud with the angle (degrees) and size that its first point holds."""

    id: str

    def describe(self, clouds: list[FloatArray]) -> Descriptors:
        angles = np.array([cloud[0, 0] for cloud in clouds])
        sizes = np.array([cloud[0, 1] for cloud in clouds], np.float32)
        return Descriptors(at_degrees(*angles).reshape(-1, 2), sizes)


def segment_saying(label: int, angle: float, size_m: float = 0.01, points: int = 10) -> Segment:
    cloud = np.tile(np.float32([angle, size_m, 0.0]), (points, 1))
    return Segment(label, np.arange(points), cloud, np.tile(np.float32([0, 0, 1]), (points, 1)))
