"""`srclib train-joining` from meshes to a file that segmentation reads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("sklearn")
pytest.importorskip("mujoco")
pytest.importorskip("open3d")

from srclib_ros.cli import train_joining
from srclib_ros.cli.main import main
from srclib_ros.segmentation.joining import open_joiner
from srclib_ros.simulation.parts import generate_parts, write_parts
from srclib_ros.training import piece_joining


def test_trained_and_used(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(piece_joining, "LEAST_EXAMPLES", 5)
    parts = [part for part in generate_parts() if part.name in ("hex_bolt_m12x50", "gear_40", "l_bracket_60x40")]
    write_parts(tmp_path / "parts", parts)
    out = tmp_path / "joining.safetensors"
    command = ["train-joining", str(tmp_path / "parts"), "--out", str(out), "--piles", "6", "--random-shapes", "4"]
    assert main([*command, "--json"]) == 0
    about = json.loads(capsys.readouterr().out)
    assert about["training"]["piles"] == 6
    assert json.loads(out.with_suffix(".json").read_text()) == about
    assert open_joiner(str(out)) is open_joiner(str(out))


def test_the_tutorial_uses_an_option_that_there_is() -> None:
    import argparse

    from srclib_ros.cli.evaluate import configure

    parser = argparse.ArgumentParser()
    configure(parser)
    (line,) = [line for line in train_joining.__doc__.splitlines() if "evaluate segmentation" in line]
    assert parser.parse_args(line.split()[2:]).captures == Path("my_scenes")
