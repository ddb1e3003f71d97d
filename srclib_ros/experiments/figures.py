"""Which figures a row of the experiment on encoders shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

QUERIES = ("full", "partial", "occluded", "segmented")
ASKED = {"segmented": "segmented_all"}  # which are doubtful does not depend on the encoder
COLUMNS = (
    "score",
    *(f"{kind} {way}" for kind in QUERIES for way in ("free", "sized")),
    "partial merged",
    "category",
    "identity",
    "suitability",
)


def columns_of(figures: Mapping[str, Any]) -> dict[str, float]:
    """Columns from `retrieval.evaluate_retrieval`: top-1 scale-free and with size, and the AUROCs.

    score: the mean of the scale-free top-1s. partial merged: scale-free, twins counted as one part. Figures that the
    parts do not allow are absent.
    """
    row: dict[str, float] = {}
    for kind in QUERIES:
        found = figures.get(ASKED.get(kind, kind))
        if found is not None:
            row[f"{kind} free"] = found["scale_free"]["top1"]
            row[f"{kind} sized"] = found["top1"]
    row["score"] = float(np.mean([value for name, value in row.items() if name.endswith("free")]))
    row["partial merged"] = figures["partial"]["scale_free"]["merged"]["top1"]
    if "category" in figures:
        row["category"] = figures["category"]["scale_free"]["top1"]
    for name in ("identity", "suitability"):
        if name in figures:
            row[name] = figures[name]["auroc"]
    return row


def means_of(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One row an encoder, best first: the mean over its seeds, and the spread of the score.

    spread: half the 95 % interval of the partial scale-free top-1, bootstrapped over parts, of the first seed.
    """
    means: list[dict[str, Any]] = []
    for name in dict.fromkeys(row["encoder"] for row in rows):
        of_name = [row for row in rows if row["encoder"] == name]
        mean = {key: float(np.mean([row[key] for row in of_name])) for key in COLUMNS if key in of_name[0]}
        means.append({"encoder": name, "seeds": len(of_name), "spread": of_name[0]["spread"], **mean})
    return sorted(means, key=lambda row: -row["score"])
