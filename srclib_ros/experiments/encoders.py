"""Which encoder to trust: every kind on the same retrieval task, then closer looks at the best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from srclib_ros.artifact import read_json
from srclib_ros.embedding.pointnet import PointNetShape
from srclib_ros.errors import ArtifactDamagedError
from srclib_ros.experiments.closer_looks import imbalance, latent_size, robustness
from srclib_ros.experiments.encoder_bench import ENCODERS, EncoderBench
from srclib_ros.experiments.figures import COLUMNS, means_of
from srclib_ros.experiments.pictures import bars, variational_pictures
from srclib_ros.experiments.table import SUMMARY, Table, write_summary
from srclib_ros.experiments.variants import VARIATIONAL, variants
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.training.descriptors import BASELINES
from srclib_ros.training.encoder import EncoderTraining
from srclib_ros.training.progress import Progress, silent
from srclib_ros.training.retrieval import RetrievalTask


@dataclass(frozen=True)
class Plan:
    """base: what every row is trained with; it reads 256 points, the encoder that ships 192, which is quicker. seeds:
    the first for every kind, all for the `best` of them. closer_looks: also latent size, imbalance and robustness of
    the best two.
    """

    base: EncoderTraining = field(
        default_factory=lambda: EncoderTraining(shape=PointNetShape(n_points=256), point_pairs=None, local_patches=None)
    )
    seeds: tuple[int, ...] = (0, 1, 2)
    best: int = 5
    closer_looks: bool = True


def experiment_encoders(
    task: RetrievalTask,
    training_parts: Sequence[PartMesh],
    out: Path,
    plan: Plan | None = None,
    meta: Mapping[str, Any] | None = None,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Run what is not there yet, and write `summary.json`, `summary.md` and pictures into `out` after every row.

    task: what is measured on; nothing of it is trained on. meta: what the summary says besides. Returns the summary.
    """
    plan = plan or Plan()
    bench = EncoderBench(task, training_parts, out)
    trainings = variants(plan.base)
    rows: list[dict[str, Any]] = []
    looks = [_hand_made(bench, progress)]
    write = partial(_write, out, plan, len(task.gallery), dict(meta or {}))
    for name in progress(trainings, total=len(trainings), label="encoders"):
        rows.append(bench.row(name, trainings[name], plan.seeds[0]))
        summary = write(rows, looks)
    best = [row["encoder"] for row in sorted(rows, key=lambda row: -row["score"])]
    for name in progress(best[: plan.best], total=plan.best, label="more seeds"):
        rows += [bench.row(name, trainings[name], seed) for seed in plan.seeds[1:]]
        summary = write(rows, looks)
    if plan.closer_looks:
        two = {name: trainings[name] for name in best[:2]}
        classifier = {name: training for name, training in trainings.items() if training.kind == "classifier"}
        autoencoder = next(name for name in best if name.startswith("autoencoder"))
        seed = plan.seeds[0]
        for look, of in ((latent_size, two), (imbalance, two | classifier)):
            looks.append(look(bench, of, seed))
            summary = write(rows, looks)
        spoilt = two | classifier | {autoencoder: trainings[autoencoder]}
        looks.append(robustness(partial(bench.row, name, of, seed) for name, of in spoilt.items()))
        summary = write(rows, looks)
    variational_pictures(bench.trained(VARIATIONAL, trainings[VARIATIONAL], plan.seeds[0]), task, out)
    return summary


def compare_encoders(
    task: RetrievalTask,
    encoders: Mapping[str, Path],
    out: Path,
    meta: Mapping[str, Any] | None = None,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Sealed encoders as they are, on the same task as the kinds: nothing is trained. Returns the summary."""
    bench = EncoderBench(task, (), out)
    worse = robustness(
        partial(bench.row_of, name, encoders[name])
        for name in progress(encoders, total=len(encoders), label="encoders")
    )
    rows = [bench.row_of(name, folder) for name, folder in encoders.items()]
    best_first = sorted(rows, key=lambda row: -row["score"])
    note = f"{_note(len(task.gallery))} What the encoders were trained on is not looked at."
    tables = [
        Table("Encoders as they are", ("encoder", *COLUMNS, "spread"), best_first, (note,)),
        _hand_made(bench, progress),
        worse,
    ]
    about = {**(meta or {}), "parts": len(task.gallery)}
    return write_summary(out, ENCODERS, about, [_without_figures(table) for table in tables])


def best_encoders(out: Path, count: int = 5) -> dict[str, Path]:
    """Name -> sealed folder of the best encoders of an experiment, their first seed. Raises ArtifactError."""
    summary = read_json(out / SUMMARY)
    try:
        first = {row["encoder"]: out / ENCODERS / row["folder"] for row in reversed(summary["rows"])}
        return {row["encoder"]: first[row["encoder"]] for row in summary["tables"][0]["rows"][:count]}
    except (KeyError, TypeError, IndexError) as error:
        raise ArtifactDamagedError(f"{out / SUMMARY}: not of an experiment on encoders; run it again") from error


def _hand_made(bench: EncoderBench, progress: Progress) -> Table:
    rows = [bench.hand_made(name) for name in progress(BASELINES, total=len(BASELINES), label="descriptors")]
    best_first = sorted(rows, key=lambda row: -row["score"])
    return Table("Descriptors that nobody trained", ("descriptor", *COLUMNS), best_first)


def _write(
    out: Path, plan: Plan, parts: int, meta: dict[str, Any], rows: list[dict[str, Any]], looks: list[Table]
) -> dict[str, Any]:
    means = means_of(rows)
    kinds = Table(
        "Every kind of encoder",
        ("encoder", "seeds", *COLUMNS, "spread"),
        means,
        (
            f"{_note(parts)} None was trained on them, {plan.base.schedule.steps} steps each, mean over seeds. The "
            "best were chosen on these very parts.",
        ),
    )
    bars(means, "encoder", "score", out / "encoders.png", "scale-free top-1, mean over the kinds of query")
    shown = [{name: value for name, value in row.items() if name != "figures"} for row in rows]
    about = {**meta, "steps": plan.base.schedule.steps, "parts": parts, "rows": shown}
    return write_summary(out, ENCODERS, about, [_without_figures(table) for table in (kinds, *looks)])


def _note(parts: int) -> str:
    return (
        f"Top-1 on {parts} parts; free: scale-free, sized: with metric size. full: whole surfaces, turned anyhow; "
        "partial: one view; occluded: the same, 30 % of it hidden; segmented: segments of piles, doubtful ones too; "
        "partial merged: scale-free, twins counted as one; category scale-free; identity and suitability: AUROC of one "
        "partial view. Empty: these parts have too few of a category. score: mean of the scale-free columns. spread: "
        "half the 95 % interval of `partial free`, bootstrapped over parts."
    )


def _without_figures(table: Table) -> Table:
    """The table with what its columns show alone; all figures lie in `rows/`."""
    rows = [{name: row[name] for name in table.columns if name in row} for row in table.rows]
    return Table(table.title, table.columns, rows, table.notes)
