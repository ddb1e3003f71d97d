"""Trains and measures encoders on one retrieval task, each once: what is on disk is not made again.

rows/       one JSON a measured encoder and kind of queries
encoders/   the sealed encoders; views/, what all of them were trained on
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from srclib_ros import __version__
from srclib_ros.artifact import MANIFEST, read_json, sha256, write_json
from srclib_ros.embedding.encoder import Encoder, encoder_id
from srclib_ros.experiments.figures import columns_of
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.geometry.oriented import points_of
from srclib_ros.library.search import Gallery
from srclib_ros.training.descriptors import BASELINES, VERSION
from srclib_ros.training.encoder import EncoderTraining, train_encoder
from srclib_ros.training.part_views import mesh_hash
from srclib_ros.training.retrieval import Queries, RetrievalTask, evaluate_retrieval, remembered
from srclib_ros.types import FloatArray

ENCODERS = "encoders"


class EncoderBench:
    """parts: trained on, beside random shapes; nothing of `task` is. out: where everything is kept."""

    def __init__(self, task: RetrievalTask, parts: Sequence[PartMesh], out: Path) -> None:
        self.task, self.out = task, out
        self._parts = parts
        self._data = sha256("".join(map(mesh_hash, parts)).encode())
        self._described = lru_cache(maxsize=1)(self._describe)

    def row(
        self, name: str, training: EncoderTraining, seed: int, noise: float = 0.0, dropped: float = 0.0
    ) -> dict[str, Any]:
        """The figures of one encoder, by `figures.COLUMNS`; its queries may be made worse, see `spoilt`."""
        folder = self._folder(name, training, seed)
        about = {"encoder": name, "folder": folder.name, "seed": seed}
        return self._row(folder.name, about, lambda: self.trained(name, training, seed), noise, dropped)

    def row_of(self, name: str, folder: Path, noise: float = 0.0, dropped: float = 0.0) -> dict[str, Any]:
        """The same of an encoder as it is, in a sealed folder. Raises ArtifactError."""
        return self._row(f"{_for_people(name)}_{encoder_id(folder)}", {"encoder": name}, lambda: folder, noise, dropped)

    def trained(self, name: str, training: EncoderTraining, seed: int) -> Path:
        """The sealed encoder."""
        folder = self._folder(name, training, seed)
        if not (folder / MANIFEST).is_file():
            train_encoder(self._parts, folder, seed, training, views_folder=self.out / "views")
        return folder

    def _row(
        self, label: str, about: Mapping[str, Any], folder: Callable[[], Path], noise: float, dropped: float
    ) -> dict[str, Any]:
        """label: tells this encoder from all others. folder: gives the sealed encoder, asked for if there is no row."""
        key = sha256(f"{label} {self.task.identity} {noise} {dropped} {__version__}".encode())[:12]
        path = self.out / "rows" / f"{label}_{key}.json"
        if path.is_file():
            return dict(read_json(path))
        encoder, gallery = self._described(folder())
        figures = evaluate_retrieval(encoder, spoilt(self.task, noise, dropped), gallery=gallery)
        low, high = figures["partial"]["scale_free"]["top1_ci95"]
        row = {**about, "spread": (high - low) / 2.0, **columns_of(figures), "figures": figures}
        write_json(path, row)
        return row

    def hand_made(self, name: str) -> dict[str, Any]:
        """The figures of one of `descriptors.BASELINES`."""
        path = (
            self.out / "rows" / f"{name}_{sha256(f'{self.task.identity} {__version__} {VERSION}'.encode())[:12]}.json"
        )
        if not path.is_file():
            figures = evaluate_retrieval(BASELINES[name](self.task.remembered, self.task.seed), self.task)
            write_json(path, {"descriptor": name, **columns_of(figures), "figures": figures})
        return dict(read_json(path))

    def _folder(self, name: str, training: EncoderTraining, seed: int) -> Path:
        """Named for people, and by a hash of everything the encoder is made from."""
        key = sha256(f"{training} {seed} {self._data} {__version__}".encode())[:12]
        return self.out / ENCODERS / f"{_for_people(name)}_{seed}_{key}"

    def _describe(self, folder: Path) -> tuple[Encoder, Gallery]:
        encoder = Encoder.load(folder)
        return encoder, remembered(encoder, self.task)


def _for_people(name: str) -> str:
    """As a part of a file's name."""
    return "".join(c if c.isalnum() else "_" for c in name)


def spoilt(task: RetrievalTask, noise: float, dropped: float) -> RetrievalTask:
    """The task with other queries: noise of this share of each cloud's radius, or this share of its points gone.

    Normals are worked out anew from what is left.
    """
    if not noise and not dropped:
        return task
    rng = np.random.default_rng(task.seed)

    def worse(cloud: FloatArray) -> FloatArray:
        kept = points_of(cloud)[rng.random(len(cloud)) >= dropped]
        kept = kept if len(kept) >= 8 else points_of(cloud)[:8]
        radius = float(np.sqrt(kept.var(axis=0).sum()))
        return kept + rng.normal(0.0, noise * radius, kept.shape).astype(np.float32)

    queries = {
        kind: Queries([worse(cloud) for cloud in asked.clouds], asked.part) for kind, asked in task.queries.items()
    }
    return replace(task, queries=queries)
