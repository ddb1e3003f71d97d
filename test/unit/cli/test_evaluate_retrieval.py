"""`srclib evaluate retrieval` on a folder of boxes: what it counts, what it says of them, what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from srclib_ros.cli.main import main
from srclib_ros.cli.retrieval_table import report
from srclib_ros.simulation.parts import generate_parts, write_parts

trimesh = pytest.importorskip("trimesh")
pytest.importorskip("open3d")
pytest.importorskip("mujoco")

BOXES_MM = {"bar": ((40, 10, 10), (70, 15, 14)), "plate": ((40, 40, 6), (60, 58, 9))}
QUERIES = ("full", "partial", "occluded", "segmented")


@pytest.fixture(scope="module")
def boxes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two bars, two plates of which one lacks a side, and a pin too small for the cell."""
    folder = tmp_path_factory.mktemp("boxes")
    for category, sizes in BOXES_MM.items():
        (folder / category).mkdir()
        for extents in sizes:
            mesh = trimesh.creation.box(extents)
            if extents == (60, 58, 9):
                mesh.update_faces(np.arange(12) > 1)
            mesh.export(folder / category / f"{category}_{extents[0]}.stl")
    (folder / "pin").mkdir()
    trimesh.creation.box((12, 3, 3)).export(folder / "pin" / "pin.stl")
    return folder


def test_every_figure_for_the_encoder_and_its_baselines(
    boxes: Path, default_library: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["evaluate", "retrieval", "--parts", str(boxes), "--unit", "mm", "--seed", "3", "--queries", "2"]
    options = ["--encoder", str(default_library / "encoder"), "--size-weight", "0.4", "--baselines", "size_only", "d2"]
    options += ["--keep-near-duplicates"]
    assert main([*command, *options, "--json", "--out", str(tmp_path / "r.json")]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer == json.loads((tmp_path / "r.json").read_text())
    assert (answer["parts"], answer["size_weight"], answer["seed"]) == (5, 0.4, 3)
    assert answer["meshes"] == {"not_watertight": 1, "unseen": []}
    assert list(answer["baselines"]) == ["size_only", "d2"]
    for row in (answer, *answer["baselines"].values()):
        for kind in QUERIES:
            for figures in (row[kind], row[kind]["scale_free"]):
                low, high = figures["top1_ci95"]
                assert 0.0 <= low <= high <= 1.0
                assert 0.0 <= figures["top1"] <= min(figures["top5"], figures["merged"]["top1"]) <= 1.0
        assert 0.0 <= row["category"]["top1"] <= 1.0
        assert row["identity"]["auroc"] == row["identity"]["partial"]["auroc"]
        assert 0.0 <= row["identity"]["full"]["auroc"] <= 1.0
        assert 0.0 <= row["suitability"]["auroc"] <= 1.0
        assert 0.0 < row["encode_15_ms"] <= row["encode_15_p95_ms"]
    piles = answer["piles"]
    assert (piles["parts_dropped"], piles["parts_as_hull"], piles["parts_too_small"]) == (4, 1, 1)
    assert answer["segmented_all"]["queries"] == piles["segments"] - piles["mostly_bin"] - piles["impure"]
    assert answer["segmented"]["queries"] == answer["segmented_all"]["queries"] - piles["doubtful"]
    text = report(answer)
    assert all(word in text for word in (*QUERIES, "encoder", "size_only", "d2", "1 too small"))
    assert all(word in text for word in ("seed 3;", "2 threads;", f"numpy {np.__version__}", answer["machine"], "p95"))


def test_the_encoder_alone_without_piles(boxes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["evaluate", "retrieval", "--parts", str(boxes), "--unit", "mm", "--queries", "1", "--limit", "2"]
    assert main([*command, "--baselines", "none", "--no-piles", "--keep-near-duplicates"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("2 parts; queries: 2 full, 2 partial, 2 occluded\n")
    assert "segmented" not in text


def test_parts_that_encoders_are_trained_on_are_left_out(
    boxes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_parts(tmp_path, generate_parts(0, "library")[:2])
    command = ["evaluate", "retrieval", "--parts", str(tmp_path), "--queries", "1", "--baselines", "none", "--no-piles"]
    assert main(command) == 2
    assert "--keep-near-duplicates" in capsys.readouterr().err
    assert main([*command, "--keep-near-duplicates", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["parts"], answer["near_duplicates"]) == (2, None)
    trimesh.creation.box((90, 60, 60)).export(tmp_path / "block.stl")
    trimesh.creation.box((30, 90, 90)).export(tmp_path / "slab.stl")
    assert main([*command, "--unit", "mm", "--out", str(tmp_path / "r.json")]) == 0
    left_out = json.loads((tmp_path / "r.json").read_text())["near_duplicates"]
    assert [name.startswith("hex_bolt_") for name in left_out] == [True, True]
    assert f"2 left out as near-duplicates of training parts: {', '.join(left_out)}" in capsys.readouterr().out


def test_what_cannot_be_measured_is_named(boxes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["evaluate", "retrieval", "--parts", str(boxes), "--unit", "mm"]
    assert main([*command, "--extent-mm", "900", "901"]) == 2
    assert "at least 2" in capsys.readouterr().err
    assert main([*command, "--baselines", "ppf"]) == 2
    assert "ppf_histogram" in capsys.readouterr().err
