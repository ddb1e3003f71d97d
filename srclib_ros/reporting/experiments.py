"""The tables of experiments that were run on libraries, read from their folders.

An experiment is a folder with a summary.json, {"experiment": name, "tables": [{"title": text, "columns": [name, ...],
"rows": [{column: value}, ...], "notes": [text, ...]}, ...]}, and with pictures (*.png) beside it. One that has a single
table may have columns, rows and notes in the place of "tables".
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from srclib_ros.artifact import read_bytes, read_json
from srclib_ros.errors import ArtifactDamagedError, ArtifactMissingError
from srclib_ros.reporting.markup import Markup, cell, element, join, table

SUMMARY = "summary.json"
WIDEST_PX = 1200

Value = str | float | bool | None


@dataclass(frozen=True)
class ResultTable:
    """rows: a value that is absent was not measured."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[Mapping[str, Value], ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Experiment:
    """place: its folder below the one that was searched. pictures: name -> PNG."""

    name: str
    place: str
    tables: tuple[ResultTable, ...]
    pictures: Mapping[str, bytes]


def read_experiments(folder: Path) -> list[Experiment]:
    """Every experiment below a folder, by path. Raises ArtifactMissingError when there is none, and
    ArtifactDamagedError naming the file that is not as it should be.
    """
    paths = sorted(Path(folder).rglob(SUMMARY))
    if not paths:
        raise ArtifactMissingError(
            f"{folder}: no {SUMMARY} below it; run an experiment, or name the folder of its results"
        )
    return [_read(path, Path(folder)) for path in paths]


def experiments_section(experiments: list[Experiment]) -> Markup:
    return join(*(_shown(experiment) for experiment in experiments))


def _read(path: Path, folder: Path) -> Experiment:
    record = read_json(path)
    try:
        name = _text(record["experiment"])
        tables = tuple(_table(table) for table in _list(record.get("tables", [record])))
    except (KeyError, TypeError, AttributeError) as error:
        raise ArtifactDamagedError(
            f"{path}: is no summary of an experiment ({type(error).__name__}: {error}); run the experiment again"
        ) from error
    pictures = {picture.name: _picture(picture) for picture in sorted(path.parent.glob("*.png"))}
    return Experiment(name, path.parent.relative_to(folder).as_posix(), tables, pictures)


def _table(record: Any) -> ResultTable:
    columns = tuple(_text(name) for name in _list(record["columns"]))
    rows = tuple({name: _value(row.get(name)) for name in columns} for row in _list(record["rows"]))
    notes = tuple(_text(note) for note in _list(record.get("notes", [])))
    return ResultTable(_text(record.get("title", "")), columns, rows, notes)


def _value(value: Any) -> Value:
    if not isinstance(value, (str, int, float, bool, type(None))):
        raise TypeError(f"expected a value, got {value!r}")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"expected a list, got {value!r}")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected text, got {value!r}")
    return value


def _picture(path: Path) -> bytes:
    """The picture as PNG without what else its file holds, at most `WIDEST_PX` on a side."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(BytesIO(read_bytes(path)), formats=["PNG"]) as opened:
            picture = opened.convert("RGBA" if "A" in opened.getbands() or "transparency" in opened.info else "RGB")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ArtifactDamagedError(f"{path}: not a whole PNG picture ({error}); run the experiment again") from error
    picture.thumbnail((WIDEST_PX, WIDEST_PX))
    file = BytesIO()
    picture.save(file, "PNG", optimize=True)
    return file.getvalue()


def _shown(experiment: Experiment) -> Markup:
    figures = (
        element(
            "figure",
            element("img", src="data:image/png;base64," + base64.b64encode(data).decode(), alt=name, loading="lazy"),
            element("figcaption", Path(name).stem.replace("_", " ")),
        )
        for name, data in experiment.pictures.items()
    )
    where = experiment.place if experiment.place not in (".", experiment.name) else None
    return element(
        "article",
        element("h3", experiment.name, element("small", f" {where}") if where else None),
        *(_shown_table(result) for result in experiment.tables if result.rows),
        element("div", *figures, class_="pictures") if experiment.pictures else None,
    )


def _shown_table(result: ResultTable) -> Markup:
    rows = [[cell(_said(row[column])) for column in result.columns] for row in result.rows]
    return join(
        element("div", table(list(result.columns), rows, result.title), class_="wide"),
        *(element("p", note, class_="note") for note in result.notes),
    )


def _said(value: Value) -> str | float | None:
    return ("yes" if value else "no") if isinstance(value, bool) else value
