"""Closer looks at a few encoders: latent size, an imbalanced training set, worse queries than they were trained on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from srclib_ros.experiments.encoder_bench import EncoderBench
from srclib_ros.experiments.figures import COLUMNS
from srclib_ros.experiments.table import Table
from srclib_ros.training.encoder import EncoderTraining

Trainings = Mapping[str, EncoderTraining]

NOISE_SHARES = (0.02, 0.05, 0.1)
DROPPED_SHARES = (0.5, 0.8, 0.95)
DIMS = (16, 48, 192)
IMBALANCE = 1.0


def latent_size(bench: EncoderBench, trainings: Trainings, seed: int) -> Table:
    """Each of the trainings with embeddings of `DIMS` numbers and with its own."""
    rows = []
    for name, training in trainings.items():
        for dim in sorted({*DIMS, training.shape.dim}):
            other = replace(training, shape=replace(training.shape, dim=dim))
            rows.append({"dim": dim, **bench.row(name, other, seed)})
    return Table("Length of the embedding", ("encoder", "dim", *COLUMNS), rows)


def imbalance(bench: EncoderBench, trainings: Trainings, seed: int) -> Table:
    """The same shapes, most of which were seen from a few sides only; batches of P x K views, or of any views."""
    rows: list[dict[str, Any]] = []
    for name, training in trainings.items():
        uneven = replace(training, imbalance=IMBALANCE)
        any_views = replace(uneven.schedule, batches=replace(uneven.schedule.batches, sampling="views"))
        cases = [("even", "P x K", training), ("imbalanced", "P x K", uneven)]
        if training.kind == "classifier":
            cases.append(("imbalanced", "any views", replace(uneven, schedule=any_views)))
        for training_set, batches, case in cases:
            rows.append({"training set": training_set, "batches": batches, **bench.row(name, case, seed)})
    notes = (
        f"Imbalanced: the n-th shape has 1 / n^{IMBALANCE:g} of the views of the first, two at least. "
        "P x K batches draw shapes evenly all the same; `any views` is how classifiers are commonly fed.",
    )
    return Table("Class imbalance in the training set", ("encoder", "training set", "batches", *COLUMNS), rows, notes)


def robustness(measures: Iterable[Callable[[float, float], dict[str, Any]]]) -> Table:
    """Queries as filmed, noisier, and with points gone; nothing is trained anew.

    measures: of each encoder, what gives its row at this noise, with this share of the points dropped.
    """
    conditions = [("as filmed", 0.0, 0.0)]
    conditions += [(f"noise {share:.0%} of the radius", share, 0.0) for share in NOISE_SHARES]
    conditions += [(f"{share:.0%} of the points gone", 0.0, share) for share in DROPPED_SHARES]
    rows = [{"queries": label, **row(noise, dropped)} for row in measures for label, noise, dropped in conditions]
    return Table("Worse queries", ("encoder", "queries", *COLUMNS), rows)
