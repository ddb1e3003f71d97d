"""Pictures of the experiments' results."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from srclib_ros.artifact import write_atomic
from srclib_ros.embedding.preprocess import canonicalise
from srclib_ros.training.retrieval import RetrievalTask
from srclib_ros.types import FloatArray

SHOWN = 6


def bars(rows: Sequence[Mapping[str, Any]], name: str, value: str, path: Path, title: str) -> None:
    """One horizontal bar a row, the first at the top."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 1.0 + 0.3 * len(rows)), layout="constrained")
    axes = figure.subplots()
    values = [row[value] for row in rows]
    axes.barh([row[name] for row in rows], values, color="#3a6ea5")
    for at, number in enumerate(values):
        axes.text(number, at, f" {number:.2f}", va="center", fontsize=8)
    axes.invert_yaxis()
    axes.set_title(title, loc="left", fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    save_picture(figure, path)


def variational_pictures(folder: Path, task: RetrievalTask, out: Path) -> None:
    """What a variational autoencoder draws: clouds again, shapes between two clouds, and shapes out of nothing."""
    import torch

    from srclib_ros.embedding.autoencoders.variational import Variational
    from srclib_ros.training.encoder_folder import load_kind

    kind = load_kind(folder)
    if not isinstance(kind, Variational):
        raise TypeError(f"{folder} holds no variational autoencoder")
    rows = np.linspace(0, len(task.gallery) - 1, SHOWN).astype(int)
    clouds = canonicalise([task.gallery[row][-1] for row in rows], kind.network.shape.n_points).points
    with torch.no_grad():
        codes = kind.network.code(torch.from_numpy(clouds))
        again = kind.decoder(codes).numpy()
        share = torch.linspace(0.0, 1.0, SHOWN)[:, None]
        between = kind.decoder((1.0 - share) * codes[:1] + share * codes[-1:]).numpy()
        drawn = torch.randn(SHOWN, kind.network.dim, generator=torch.Generator().manual_seed(task.seed))
        new = kind.decoder(drawn).numpy()
    names = [task.names[row] for row in rows]
    _clouds({"cloud": clouds, "drawn again": again}, out / "variational_again.png", names)
    _clouds({f"{names[0]} to {names[-1]}": between, "out of nothing": new}, out / "variational_new.png")


def _clouds(rows: Mapping[str, FloatArray], path: Path, names: Sequence[str] = ()) -> None:
    """Rows of clouds (SHOWN, N, 3), each as a scatter seen from above one corner."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2.0 * SHOWN, 2.2 * len(rows)), layout="constrained")
    grid = figure.subplots(len(rows), SHOWN, subplot_kw={"projection": "3d"}, squeeze=False)
    for line, (label, clouds) in enumerate(rows.items()):
        for column, cloud in enumerate(clouds):
            axes = grid[line, column]
            axes.scatter(*cloud.T, c=cloud[:, 2], s=4, cmap="viridis", depthshade=False)
            reach = float(np.abs(cloud).max())
            axes.set(xlim=(-reach, reach), ylim=(-reach, reach), zlim=(-reach, reach))
            axes.set_axis_off()
            if not line and names:
                axes.set_title(names[column][:22], fontsize=8)
        grid[line, 0].text2D(-0.05, 0.5, label, transform=grid[line, 0].transAxes, rotation=90, va="center", fontsize=8)
    save_picture(figure, path)


def save_picture(figure: Any, path: Path) -> None:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    write_atomic(path, buffer.getvalue())
