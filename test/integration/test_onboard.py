"""From CAD to an entry with a network: everything real, but far too little training for it to be any good."""

from __future__ import annotations

import json
import re
import shutil
from functools import partial
from pathlib import Path

import pytest
from support.box_parts import PLAN, boxes, write_model, write_tiny_encoder

from srclib_ros.cli.main import main
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.library.store import Library
from srclib_ros.training import pooled, true_gain
from srclib_ros.training.grasp_network import train_grasp_model
from srclib_ros.training.library_build import build_library
from test.support.few_candidates import few_candidates
from test.support.grasp_parts import bent_plate
from test.support.grasp_parts import boxes as solid_boxes

for module in ("torch", "trimesh", "open3d", "mujoco"):
    pytest.importorskip(module)
TINY = ["--minutes", "0.008", "--scenes", "2", "--piles", "1"]


def write_stl(part: PartMesh, path: Path) -> Path:
    import trimesh

    trimesh.Trimesh(part.vertices * 1e3, part.faces, process=False).export(path)
    return path


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few candidates, tried in few piles, and few scenes to watch."""
    few_candidates(monkeypatch)
    quick = partial(train_grasp_model, validation_scenes=3)
    monkeypatch.setattr("srclib_ros.training.onboarding.train_grasp_model", quick)
    monkeypatch.setattr(true_gain, "EVALUATE_EVERY", 2)
    monkeypatch.setattr(true_gain, "learning_curve", partial(true_gain.learning_curve, steps=2))
    monkeypatch.setattr(true_gain, "PILES", 1)
    monkeypatch.setattr("srclib_ros.training.onboarding.GAIN_SCENES", 3)
    monkeypatch.setattr(pooled, "SCENES_EACH", 3)
    monkeypatch.setattr(pooled, "train_pooled", partial(pooled.train_pooled, steps=2))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of three boxes; plate_40 has a network."""
    root = tmp_path_factory.mktemp("library")
    write_model(boxes()[2], root / "plate_40")
    encoder = write_tiny_encoder(root / "encoder")
    return build_library(boxes()[:3], encoder, root / "lib", 0, PLAN, [root / "plate_40"]).folder


@pytest.mark.timeout(300)
def test_a_part_becomes_an_entry_with_a_network_once(
    library: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    grown = Path(shutil.copytree(library, tmp_path / "lib"))
    mesh = write_stl(bent_plate(), tmp_path / "bent_plate.stl")
    command = ["onboard", str(mesh), "--unit", "mm", "--library", str(grown), *TINY, "--json"]
    assert main(command) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told) >= {"seconds", "steps", "source", "expected_gain", "true_gain", "ap"}
    assert Path(told["curve"]).is_file() and told["closed_share"] == 0.0
    assert told["steps"] == 5 and told["seconds"] > 0.0 and 0.0 <= told["ap"] <= 1.0
    assert told["source"] is None and told["symmetry_axes"] == []
    opened = Library.open(grown)
    assert Path(told["model"]) == opened.model_folder("bent_plate")
    assert [entry.name for entry in opened.entries][-1] == "bent_plate"
    assert [path.name for path in (tmp_path / ".lib.onboarding").iterdir()] == ["bent_plate.png"]

    assert main(command) == 2
    assert "has a network for 'bent_plate' already" in capsys.readouterr().err

    larger = write_stl(bent_plate().scaled(1.2), tmp_path / "larger.stl")
    command = ["onboard", str(larger), "--unit", "mm", "--library", str(grown), *TINY, "--mode", "zero_shot", "--json"]
    assert main([*command, "--out", str(tmp_path / "larger")]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["source"], told["steps"], told["given_up"]) == ("bent_plate", 0, None)
    assert main([*command, "--out", str(tmp_path / "again"), "--start", "bar_40"]) == 2
    assert f"'bar_40' is no source of {grown} for jaw: bent_plate" in capsys.readouterr().err

    command = ["onboard", str(larger), "--unit", "mm", "--library", str(grown), *TINY, "--with-scratch", "--json"]
    assert main([*command, "--mode", "zero_shot"]) == 2
    assert "--with-scratch measures what training on from a source gains" in capsys.readouterr().err
    assert main(command) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["source"] == "bent_plate" and -1.0 <= told["true_gain"] <= 1.0
    (remembered,) = Library.open(grown).history
    assert (remembered["target"], remembered["source"], remembered["of"]) == ("larger", "bent_plate", "onboard")
    assert remembered["gain"] == told["true_gain"]

    assert main(["library", str(grown), "pool"]) == 0
    assert "one network of all that grasp with jaw" in capsys.readouterr().out
    opened = Library.open(grown)
    assert list(opened.pooled) == ["jaw"] and opened.history == (remembered,)
    assert not (tmp_path / ".lib.pooling_jaw").exists()
    command = ["onboard", str(mesh), "--unit", "mm", "--library", str(grown), *TINY, "--start", "pooled"]
    assert main([*command, "--out", str(tmp_path / "of_all"), "--mode", "zero_shot"]) == 2
    assert "has not learnt what grasps are worth" in capsys.readouterr().err
    assert main([*command, "--out", str(tmp_path / "of_all")]) == 0
    told_before, told_after = reversed(capsys.readouterr())
    assert re.search(r"of_all: fine-tune from pooled, expected gain [+-]0.\d\d, about 5 steps", told_before)
    assert re.search(r"fine-tuned from pooled, expected gain [+-]0.\d\d, 5 steps", told_after)
    assert main(["library", str(grown), "list"]) == 0
    assert "one network for jaw of 2 of these; 0 have come and 0 have gone since" in capsys.readouterr().out


def test_a_name_that_another_part_has_is_refused_before_anything_is_trained(
    library: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mesh = write_stl(bent_plate(), tmp_path / "bar_40.stl")
    assert main(["onboard", str(mesh), "--unit", "mm", "--library", str(library), *TINY]) == 2
    assert "another part, or another category, as 'bar_40'" in capsys.readouterr().err
    assert not (library.parent / ".lib.onboarding").exists()


def test_a_mesh_that_encloses_nothing_is_refused_with_the_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    part = solid_boxes(((0, 0, 0), (0.05, 0.03, 0.02)))
    open_part = PartMesh("open", "", part.vertices, part.faces[[0, 1, 4, 5, 6, 7]])
    mesh = write_stl(open_part, tmp_path / "open.stl")
    assert main(["onboard", str(mesh), "--unit", "mm", "--out", str(tmp_path / "out"), *TINY]) == 2
    assert f"{mesh}: out: encloses no volume" in capsys.readouterr().err


def test_a_folder_that_holds_something_else_is_left_alone(
    library: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("all of it")
    mesh = write_stl(bent_plate(), tmp_path / "bent_plate.stl")
    command = [
        "onboard",
        str(mesh),
        "--unit",
        "mm",
        "--library",
        str(library),
        "--out",
        str(tmp_path / "thesis"),
        *TINY,
    ]
    assert main(command) == 2
    assert "holds something that is no grasp model" in capsys.readouterr().err
    assert (tmp_path / "thesis" / "chapter.tex").read_text() == "all of it"


def test_a_name_that_leads_out_of_the_library_is_refused(
    library: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mesh = write_stl(bent_plate(), tmp_path / "bent_plate.stl")
    assert main(["onboard", str(mesh), "--unit", "mm", "--library", str(library), "--name", "../x", *TINY]) == 2
    assert "cannot be a part's name" in capsys.readouterr().err
