"""Summary, tables and pictures of the experiment on transfer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from srclib_ros.artifact import write_json
from srclib_ros.experiments.pictures import save_picture
from srclib_ros.experiments.table import Table, write_summary
from srclib_ros.experiments.transfer.choices import EXPECTED, FARTHEST, NEAREST, RANDOM
from srclib_ros.experiments.transfer.experiment import Results
from srclib_ros.experiments.transfer.tables import headline, tables
from srclib_ros.library.entry import POOLED, SCRATCH
from srclib_ros.library.history import FILE as HISTORY

SHOWN = {
    EXPECTED: "#2f7d4f",
    NEAREST: "#3a6ea5",
    RANDOM: "#c28f2c",
    FARTHEST: "#b5523b",
    POOLED: "#8064a2",
    SCRATCH: "#444444",
}


def write_transfer(results: Results, out: Path, meta: Mapping[str, Any], more: Sequence[Table] = ()) -> dict[str, Any]:
    """Write `summary.json`, `summary.md`, `curves.png`, `gains.png` and `history.json`, which a library can be given,
    into `out`; returns the first. more: tables after its own."""
    write_json(out / HISTORY, results.history())
    _curves(results, out / "curves.png")
    _promised(results, out / "gains.png")
    return write_summary(out, "transfer", {**meta, **headline(results)}, [*tables(results), *more])


def _curves(results: Results, path: Path) -> None:
    """Average precision over steps of each target: mean over seeds, and from least to most."""
    from matplotlib.figure import Figure

    targets, seeds = results.experiment.targets, results.experiment.seeds
    figure = Figure(figsize=(14.0, 3.2 * -(-len(targets) // 4)), layout="constrained")
    grid = figure.subplots(-(-len(targets) // 4), 4, sharex=True, sharey=True, squeeze=False).ravel()
    for index, (axes, target) in enumerate(zip(grid, targets, strict=False)):
        for way, colour in SHOWN.items():
            curves = [np.array(results.curve(target.mesh.name, results.starts(index, s)[way], s)) for s in seeds]
            steps, found = curves[0][:, 0], np.array([curve[:, 1] for curve in curves])
            axes.plot(steps, found.mean(axis=0), color=colour, label=way, lw=1.5)
            axes.fill_between(steps, found.min(axis=0), found.max(axis=0), color=colour, alpha=0.15, lw=0)
        kin = "siblings" if target.siblings else "no siblings"
        axes.set_title(f"{target.mesh.name} ({kin})", loc="left", fontsize=9)
        axes.set_ylim(0.0, 1.02)
        axes.spines[["top", "right"]].set_visible(False)
    grid[0].set_ylabel("average precision", fontsize=8)
    grid[-1].set_xlabel("steps", fontsize=8)
    grid[0].legend(fontsize=7, loc="lower right")
    save_picture(figure, path)


def _promised(results: Results, path: Path) -> None:
    """Expected against true gain of every pair."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 5.0), layout="constrained")
    axes = figure.subplots()
    gains = results.gains()
    for target in results.experiment.targets:
        name = target.mesh.name
        promised = results.expected(name)
        marker = "o" if target.siblings else "^"
        axes.scatter(
            [promised[source] for source in gains[name]], list(gains[name].values()), s=18, marker=marker, label=name
        )
    axes.axhline(0.0, color="#999999", lw=0.8)
    axes.set_xlabel("expected gain, by a model that knows nothing of the target")
    axes.set_ylabel("true gain: area under the precision curve, less scratch's")
    figure.legend(fontsize=7, loc="outside right upper")
    axes.spines[["top", "right"]].set_visible(False)
    save_picture(figure, path)
