"""How a training went, as a picture."""

from __future__ import annotations

import io
from pathlib import Path

from srclib_ros.artifact import write_atomic
from srclib_ros.types import Matrix


def draw_curve(curve: Matrix, title: str, path: Path) -> None:
    """curve: (E, 3) step, loss, share of parts found, of each look. Draws nothing where matplotlib is missing."""
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        return
    figure = Figure(figsize=(7.0, 3.2), layout="constrained")
    loss, found = figure.subplots(1, 2)
    for axes, column, label in (
        (loss, 1, "loss on watched piles"),
        (found, 2, "parts found before poses are fitted"),
    ):
        axes.plot(curve[:, 0], curve[:, column], color="#3a6ea5")
        axes.set_title(label, loc="left", fontsize=9)
        axes.set_xlabel("steps", fontsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    found.set_ylim(0.0, 1.0)
    figure.suptitle(title, fontsize=10, x=0.01, ha="left")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    write_atomic(path, buffer.getvalue())
