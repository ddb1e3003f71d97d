"""`srclib report`."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.clustered_library import clustered_library
from support.grasp_parts import bent_plate

pytest.importorskip("sklearn")
pytest.importorskip("trimesh")

from srclib_ros.cli.main import main
from srclib_ros.simulation.parts import write_parts

ROOT = Path(__file__).resolve().parents[3]


def test_a_page_is_written_and_what_does_not_agree_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clustered_library(tmp_path / "library", [0, 0, 1, 1], {1})
    write_parts(tmp_path / "parts", [bent_plate()])
    out = tmp_path / "new" / "report.html"
    assert main(["report", str(tmp_path / "library"), "--out", str(out), "--parts", str(tmp_path / "parts")]) == 0
    told = capsys.readouterr()
    assert "4 parts, 1 with a picture" in told.out
    assert "not in the library: bent_plate" in told.err
    assert out.read_text().startswith("<!DOCTYPE html>")


def test_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clustered_library(tmp_path / "library", [0, 0, 1])
    out = tmp_path / "report.html"
    assert main(["report", str(tmp_path / "library"), "--out", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["parts"], told["thumbnails"], told["bytes"]) == (3, 0, out.stat().st_size)
    assert "--parts" in told["remarks"][0]


def test_a_folder_without_experiments_is_a_named_error_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clustered_library(tmp_path / "library", [0, 0, 1])
    out = tmp_path / "report.html"
    assert main(["report", str(tmp_path / "library"), "--out", str(out), "--experiments", str(tmp_path)]) == 2
    assert "summary.json" in capsys.readouterr().err
    assert not out.exists()


def test_an_installed_package_has_the_files_of_the_page(tmp_path: Path) -> None:
    source, built = tmp_path / "source", tmp_path / "built"
    shutil.copytree(ROOT / "srclib_ros" / "reporting", source / "srclib_ros" / "reporting")
    shutil.copy(ROOT / "srclib_ros" / "__init__.py", source / "srclib_ros")
    for name in ("setup.py", "setup.cfg", "README.md", "package.xml"):
        shutil.copy(ROOT / name, source)
    command = [sys.executable, "setup.py", "-q", "build_py", "--build-lib", str(built)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    assert {path.name for path in (built / "srclib_ros" / "reporting").glob("page.*")} == {
        "page.py",
        "page.html",
        "page.css",
        "page.js",
    }
