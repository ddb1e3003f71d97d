from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from srclib_ros.errors import ArtifactDamagedError, ArtifactMissingError
from srclib_ros.reporting.experiments import WIDEST_PX, experiments_section, read_experiments

SUMMARY = {
    "experiment": "encoders",
    "columns": ["encoder", "top-1", "<b>"],
    "rows": [{"encoder": "pointnet", "top-1": 0.9124, "<b>": True}, {"encoder": "ppf", "top-1": None}],
    "notes": ["one seed & no more"],
}


def write(folder: Path, summary: Any = SUMMARY) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "summary.json").write_text(summary if isinstance(summary, str) else json.dumps(summary))
    return folder


def test_every_summary_below_the_folder_becomes_a_table(tmp_path: Path) -> None:
    write(tmp_path / "b" / "deep")
    write(tmp_path / "a", SUMMARY | {"experiment": "clustering"})
    found = read_experiments(tmp_path)
    assert [(item.name, item.place) for item in found] == [("clustering", "a"), ("encoders", "b/deep")]
    shown = experiments_section(found)
    assert shown.count("<table") == 2
    for piece in ("0.912", ">yes<", ">–<", "&lt;b&gt;", "one seed &amp; no more", "b/deep"):
        assert piece in shown


def test_an_experiment_may_have_several_tables_and_rows_more_than_their_columns(tmp_path: Path) -> None:
    tables = [
        {"title": "first & best", "columns": ["a"], "rows": [{"a": 1, "kept for programs": [2]}]},
        {"title": "second", "columns": ["b"], "rows": []},
    ]
    write(tmp_path, {"experiment": "clustering", "tables": tables, "parts": 98})
    (experiment,) = read_experiments(tmp_path)
    assert [table.title for table in experiment.tables] == ["first & best", "second"]
    assert experiment.tables[0].rows == ({"a": 1},)
    assert "<caption>first &amp; best</caption>" in experiments_section([experiment])


def test_pictures_are_inlined_without_what_else_their_files_hold(tmp_path: Path) -> None:
    folder = write(tmp_path)
    Image.new("RGB", (2 * WIDEST_PX, 40), "red").save(folder / "map_of_all.png")
    (experiment,) = read_experiments(tmp_path)
    assert Image.open(BytesIO(experiment.pictures["map_of_all.png"])).size == (WIDEST_PX, 20)
    shown = experiments_section([experiment])
    assert 'src="data:image/png;base64,' in shown
    assert "map of all" in shown


@pytest.mark.parametrize(
    "summary",
    [
        "{",
        "[]",
        {"experiment": "x", "columns": ["a"]},
        SUMMARY | {"columns": "encoder"},
        SUMMARY | {"tables": {}},
        SUMMARY | {"tables": [{"title": "x"}]},
        SUMMARY | {"rows": [{"encoder": [1]}]},
        SUMMARY | {"rows": ["x"]},
        SUMMARY | {"notes": [1]},
        SUMMARY | {"notes": None},
        SUMMARY | {"experiment": 3},
    ],
)
def test_a_damaged_summary_is_named(tmp_path: Path, summary: Any) -> None:
    write(tmp_path, summary)
    with pytest.raises(ArtifactDamagedError, match=r"summary\.json"):
        read_experiments(tmp_path)


def test_a_damaged_picture_is_named(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "curve.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    with pytest.raises(ArtifactDamagedError, match=r"curve\.png"):
        read_experiments(tmp_path)


def test_no_experiment_at_all(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "gone"):
        with pytest.raises(ArtifactMissingError, match=r"summary\.json"):
            read_experiments(folder)
