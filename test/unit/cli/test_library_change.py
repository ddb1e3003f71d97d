"""`srclib library LIB add|remove|recluster|gaps` from the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from support.box_parts import boxes, files_of, write_tiny_encoder

from srclib_ros.cli.main import main

pytest.importorskip("torch")
pytest.importorskip("trimesh")
pytest.importorskip("open3d")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`lib` of three boxes, built with two threads, and `more`, a mesh in millimetres."""
    import trimesh

    place = tmp_path_factory.mktemp("boxes")
    for where, part in zip(("meshes", "meshes", "meshes", "more"), boxes(), strict=True):
        (place / where / part.category).mkdir(parents=True, exist_ok=True)
        mesh = trimesh.Trimesh(1e3 * part.vertices, part.faces)
        mesh.export(place / where / part.category / f"{part.name}.stl")
    encoder = write_tiny_encoder(place / "encoder")
    options = ["--unit", "mm", "--encoder", str(encoder), "--backend", "threading", "--jobs", "2"]
    assert main(["build", str(place / "meshes"), "--out", str(place / "lib"), *options]) == 0
    return place


@pytest.fixture
def library(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder / "lib", tmp_path / "lib"))


def test_what_is_added_and_removed_is_told(folder: Path, library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = files_of(library)
    assert main(["library", str(library), "add", str(folder / "more"), "--unit", "mm"]) == 0
    assert "1 parts and 0 networks added; 4 parts in" in capsys.readouterr().out
    assert main(["library", str(library), "remove", "plate_60", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["entries"]) == 3
    assert files_of(library) == before


def test_clusters_are_written_into_the_library(library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["library", str(library), "recluster", "--algorithm", "k_medoids", "--k", "3"]) == 0
    assert "3 parts in 3 clusters" in capsys.readouterr().out
    assert main(["library", str(library), "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["clustering"] == {"algorithm": "k_medoids", "k": 3, "seed": 0}


def test_the_library_that_ships_has_gaps_in_a_table_and_as_json(
    default_library: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["library", str(default_library), "gaps", "--top", "2"]) == 0
    shown = capsys.readouterr().out
    assert "would serve" in shown
    assert main(["library", str(default_library), "gaps", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {"reach", "unanswered", "far_from_networks", "thin", "twins"} <= set(found)
    served = [len(item["entries"]) for item in found["unanswered"]]
    assert served == sorted(served, reverse=True)


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (["add"], "nothing to add"),
        (["remove", "bar_40"], "2 of 3 entries would be left"),
        (["recluster", "--algorithm", "dbscan", "--k", "3"], "--k is for"),
        (["recluster", "--algorithm", "k_means", "--k", "30"], "30 clusters of 3 parts"),
        (["add", ".", "--jobs", "2", "--backend", "sequential"], "2 jobs"),
        (["add", ".", "--backend", "dask"], "--address"),
    ],
)
def test_what_cannot_be_is_a_named_error(
    library: Path,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: list[str],
    says: str,
) -> None:
    monkeypatch.chdir(folder / "more")
    before = files_of(library)
    assert main(["library", str(library), *command, *(["--unit", "mm"] if "." in command else [])]) == 2
    assert says in capsys.readouterr().err
    assert files_of(library) == before
