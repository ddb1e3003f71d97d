"""Which encoder to trust: every kind on the same retrieval task, then closer looks at the best.

rows/       one JSON a measured encoder; what is there is not measured again
encoders/   the sealed encoders; views/, what all of them were trained on
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from srclib_ros.artifact import MANIFEST, read_json, sha256, write_json
from srclib_ros.embedding.encoder import Encoder
from srclib_ros.errors import ArtifactDamagedError
from srclib_ros.experiments.pictures import bars, variational_pictures
from srclib_ros.experiments.table import SUMMARY, Table, write_summary
from srclib_ros.experiments.variants import variants
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.training.encoder import EncoderTraining, train_encoder
from srclib_ros.training.progress import Progress, silent
from srclib_ros.training.retrieval import Queries, RetrievalTask, evaluate_retrieval
from srclib_ros.types import FloatArray

ENCODERS = "encoders"
NOISE_SHARES = (0.02, 0.05, 0.1)
DROPPED_SHARES = (0.5, 0.8, 0.95)
DIMS = (16, 48, 192)
IMBALANCE = 1.0


@dataclass(frozen=True)
class Plan:
    """base: what every row is trained with. seeds: the first for every kind, all for the `best` of them.

    closer_looks: also latent size, imbalance and robustness of the best two.
    """

    base: EncoderTraining = field(default_factory=EncoderTraining)
    seeds: tuple[int, ...] = (0, 1, 2)
    best: int = 5
    closer_looks: bool = True


class Bench:
    """Trains and measures encoders on one task, each once."""

    def __init__(self, task: RetrievalTask, parts: Sequence[PartMesh], out: Path) -> None:
        """parts: trained on, beside random shapes."""
        self.task, self.parts, self.out = task, parts, out

    def row(self, name: str, training: EncoderTraining, seed: int) -> dict[str, Any]:
        """The figures of one encoder."""
        folder = self.folder(name, training, seed)
        path = self.out / "rows" / f"{folder.name}.json"
        if path.is_file():
            return dict(read_json(path))
        started = time.perf_counter()
        if not (folder / MANIFEST).is_file():
            train_encoder(self.parts, folder, seed, training, views_folder=self.out / "views")
        encoder = Encoder.load(folder)
        figures = evaluate_retrieval(encoder, self.task)
        minutes = (time.perf_counter() - started) / 60.0
        row = {"encoder": name, "folder": folder.name, "seed": seed, "minutes": minutes}
        row |= _figures(figures)
        write_json(path, row)
        return row

    def folder(self, name: str, training: EncoderTraining, seed: int) -> Path:
        """Where an encoder lies: a name for people, and a hash of everything it is made from."""
        key = sha256(f"{training} {seed} {[part.name for part in self.parts]}".encode())[:8]
        return self.out / ENCODERS / f"{''.join(c if c.isalnum() else '_' for c in name)}_{seed}_{key}"


def experiment_encoders(
    task: RetrievalTask,
    training_parts: Sequence[PartMesh],
    out: Path,
    plan: Plan | None = None,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Run what is not there yet, and write `summary.json`, `summary.md` and pictures into `out` after every row.

    task: what is measured on; nothing of it is trained on. Returns the summary.
    """
    plan = plan or Plan()
    bench = Bench(task, training_parts, out)
    trainings = variants(plan.base)
    rows: list[dict[str, Any]] = []
    looks: list[Table] = []
    for name in progress(trainings, total=len(trainings), label="encoders"):
        rows.append(bench.row(name, trainings[name], plan.seeds[0]))
        summary = _write(out, plan, task, rows, looks)
    best = [row["encoder"] for row in sorted(rows, key=lambda row: -row["score"])]
    for name in best[: plan.best]:
        rows += [bench.row(name, trainings[name], seed) for seed in plan.seeds[1:]]
        summary = _write(out, plan, task, rows, looks)
    if plan.closer_looks:
        two = {name: trainings[name] for name in best[:2]}
        autoencoder = next(name for name in best if name.startswith("autoencoder"))
        classifier = {name: trainings[name] for name in trainings if name.startswith("classifier")}
        for look in (
            lambda: _latent_size(bench, two, plan.seeds[0]),
            lambda: _imbalance(bench, two | classifier, plan.seeds[0]),
            lambda: _robustness(bench, two | classifier | {autoencoder: trainings[autoencoder]}, plan.seeds[0]),
        ):
            looks.append(look())
            summary = _write(out, plan, task, rows, looks)
    variational = "autoencoder, variational"
    variational_pictures(bench.folder(variational, trainings[variational], plan.seeds[0]), task, out)
    return summary


def best_encoders(out: Path, count: int = 5) -> dict[str, Path]:
    """Name -> sealed folder of the best encoders of an experiment, their first seed. Raises ArtifactError."""
    summary = read_json(out / SUMMARY)
    try:
        rows = summary["rows"]
        first = {row["encoder"]: out / ENCODERS / row["folder"] for row in reversed(rows)}
        return {row["encoder"]: first[row["encoder"]] for row in summary["tables"][0]["rows"][:count]}
    except (KeyError, TypeError, IndexError) as error:
        raise ArtifactDamagedError(f"{out / SUMMARY}: not of an experiment on encoders; run it again") from error


def _latent_size(bench: Bench, trainings: dict[str, EncoderTraining], seed: int) -> Table:
    rows = []
    for name, training in trainings.items():
        for dim in sorted({*DIMS, training.shape.dim}):
            shape = replace(training.shape, dim=dim)
            rows.append({"dim": dim, **bench.row(name, replace(training, shape=shape), seed)})
    return Table("Length of the embedding", ("encoder", "dim", *FIGURES), rows)


def _imbalance(bench: Bench, trainings: dict[str, EncoderTraining], seed: int) -> Table:
    """The same number of shapes, most of which were seen from a few sides only."""
    rows = []
    for name, training in trainings.items():
        for sampling in ("parts", "views"):
            batches = replace(training.schedule.batches, sampling=sampling)
            schedule = replace(training.schedule, batches=batches)
            uneven = replace(training, imbalance=IMBALANCE, schedule=schedule)
            if sampling == "parts":
                rows.append({"training set": "even", "batches": "P x K", **bench.row(name, training, seed)})
            elif not name.startswith("classifier"):
                continue
            batches_are = "P x K" if sampling == "parts" else "any views"
            rows.append({"training set": "imbalanced", "batches": batches_are, **bench.row(name, uneven, seed)})
    notes = (
        f"Imbalanced: the n-th shape has 1 / n^{IMBALANCE:g} of the views of the first, two at least. "
        "P x K batches draw shapes evenly all the same; `any views` is how classifiers are commonly fed.",
    )
    return Table("Class imbalance in the training set", ("encoder", "training set", "batches", *FIGURES), rows, notes)


def _robustness(bench: Bench, trainings: dict[str, EncoderTraining], seed: int) -> Table:
    """Worse queries than any encoder was trained on; nothing is trained anew."""
    conditions: list[tuple[str, float, float]] = [("as filmed", 0.0, 0.0)]
    conditions += [(f"noise {share:.0%} of the radius", share, 0.0) for share in NOISE_SHARES]
    conditions += [(f"{share:.0%} of the points gone", 0.0, share) for share in DROPPED_SHARES]
    rows = []
    for name, training in trainings.items():
        bench.row(name, training, seed)
        encoder = Encoder.load(bench.folder(name, training, seed))
        for label, noise, dropped in conditions:
            worse = spoilt(bench.task, noise, dropped)
            figures = _figures(evaluate_retrieval(encoder, worse))
            rows.append({"encoder": name, "queries": label, **figures})
    return Table("Worse queries", ("encoder", "queries", *FIGURES), rows)


def spoilt(task: RetrievalTask, noise: float, dropped: float) -> RetrievalTask:
    """The task with other queries: noise of this share of each cloud's radius, or this share of its points gone."""
    rng = np.random.default_rng(task.seed)

    def worse(cloud: FloatArray) -> FloatArray:
        kept = cloud[rng.random(len(cloud)) >= dropped]
        kept = kept if len(kept) >= 8 else cloud[:8]
        radius = float(np.sqrt(kept.var(axis=0).sum()))
        return kept + rng.normal(0.0, noise * radius, kept.shape).astype(np.float32)

    queries = {
        kind: Queries([worse(cloud) for cloud in asked.clouds], asked.part) for kind, asked in task.queries.items()
    }
    return replace(task, queries=queries)


QUERIES = ("full", "partial", "occluded", "segmented")
FIGURES = ("score", *(f"{kind} {way}" for kind in QUERIES for way in ("free", "sized")), "identity", "suitability")


def _figures(figures: dict[str, Any]) -> dict[str, float]:
    """Columns of a row: top-1 scale-free and with size, and the AUROCs; `score` is the mean of the scale-free ones."""
    row: dict[str, float] = {}
    for kind in QUERIES:
        if kind in figures:
            row[f"{kind} free"] = figures[kind]["scale_free"]["top1"]
            row[f"{kind} sized"] = figures[kind]["top1"]
    row["score"] = float(np.mean([value for name, value in row.items() if name.endswith("free")]))
    for name in ("identity", "suitability"):
        if name in figures:
            row[name] = figures[name]["auroc"]
    return row


def _write(
    out: Path, plan: Plan, task: RetrievalTask, rows: list[dict[str, Any]], looks: list[Table]
) -> dict[str, Any]:
    means = _means(rows)
    kinds = Table(
        "Every kind of encoder",
        ("encoder", "seeds", *FIGURES, "minutes"),
        means,
        (
            f"Top-1 on {len(task.gallery)} parts that none was trained on; free: scale-free, sized: with metric size. "
            f"{plan.base.schedule.steps} steps each; mean over seeds. score: mean of the scale-free columns.",
        ),
    )
    bars(means, "encoder", "score", out / "encoders.png", "scale-free top-1, mean over the kinds of query")
    meta = {"steps": plan.base.schedule.steps, "parts": len(task.gallery), "rows": rows}
    return write_summary(out, ENCODERS, meta, [kinds, *looks])


def _means(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row an encoder, best first: the mean over its seeds."""
    means = []
    for name in dict.fromkeys(row["encoder"] for row in rows):
        of_name = [row for row in rows if row["encoder"] == name]
        mean = {
            key: float(np.mean([row[key] for row in of_name])) for key in (*FIGURES, "minutes") if key in of_name[0]
        }
        means.append({"encoder": name, "seeds": len(of_name), **mean})
    return sorted(means, key=lambda row: -row["score"])
