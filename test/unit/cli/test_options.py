from __future__ import annotations

import argparse
import json

import pytest
from support.retrieval_parts import angle_plate

from srclib_ros.cli import options
from srclib_ros.cli.main import main
from srclib_ros.cli.options import (
    add_extent,
    add_settings,
    add_unit,
    parts_of_extent,
    print_json,
    progress,
    settings_of,
)
from srclib_ros.config import PipelineConfig, flat_fields
from srclib_ros.errors import ConfigError
from srclib_ros.geometry.mesh import UNITS_M


def parse(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_settings(parser)
    return parser.parse_args(arguments)


def test_without_options_the_defaults_stand() -> None:
    assert settings_of(parse()) == PipelineConfig()


def test_every_setting_is_an_option() -> None:
    parser = argparse.ArgumentParser()
    add_settings(parser)
    shown = parser.format_help()
    for name, _ in flat_fields(PipelineConfig):
        assert "--" + name.replace(".", "-").replace("_", "-") in shown


def test_options_change_settings() -> None:
    config = settings_of(parse("--bin-mode", "plane", "--bin-size-m", "1", "2", "0", "--grasp-max-grasps", "3"))
    assert config.bin.mode == "plane"
    assert config.bin.size_m == (1.0, 2.0, 0.0)
    assert config.grasp.max_grasps == 3


def test_a_value_out_of_range_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"grasp\.max_tilt_rad"):
        settings_of(parse("--grasp-max-tilt-rad", "9"))


@pytest.mark.parametrize("unit", UNITS_M)
def test_every_unit_can_be_given(unit: str) -> None:
    parser = argparse.ArgumentParser()
    add_unit(parser)
    assert parser.parse_args(["--unit", unit]).unit == unit


def test_parts_are_taken_by_their_longest_edge() -> None:
    parser = argparse.ArgumentParser()
    add_extent(parser)
    parts = [angle_plate(foot_m=0.04), angle_plate(foot_m=0.06), angle_plate(foot_m=0.08)]
    assert parts_of_extent(parts, parser.parse_args(["--extent-mm", "50", "70"]).extent_mm) == [parts[1]]
    assert parts_of_extent(parts, parser.parse_args([]).extent_mm) == parts
    with pytest.raises(ConfigError, match=r"--extent-mm 70 50: .* swap"):
        parts_of_extent(parts, (70.0, 50.0))


def test_json_refuses_what_json_cannot_hold(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"a": [1.5, None]})
    assert json.loads(capsys.readouterr().out) == {"a": [1.5, None]}
    with pytest.raises(ValueError, match="Out of range"):
        print_json({"a": float("nan")})


def test_progress_passes_everything_on() -> None:
    assert list(progress(range(5), label="x", quiet=True)) == [0, 1, 2, 3, 4]


def test_a_log_file_gets_lines_of_a_long_job(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list(progress(range(3), total=3, label="views")) == [0, 1, 2]
    assert not capsys.readouterr().err
    monkeypatch.setattr(options, "LOG_EVERY_S", 0.0)
    assert list(progress(range(3), total=3, label="views")) == [0, 1, 2]
    assert capsys.readouterr().err.splitlines() == ["views: 0 of 3", "views: 1 of 3", "views: 2 of 3"]


@pytest.mark.parametrize(
    "command",
    [
        *(["bench", "latency", option, "0"] for option in ("--parts", "--threads", "--frames", "--scenes")),
        ["bench", "latency", "--warm-up", "-1"],
        ["demo", "--scenes", "0"],
        ["demo", "--count", "-3"],
        ["simulate", "parts", "--out", "out", "--scenes", "0"],
        ["simulate", "parts", "--out", "out", "--count", "-1"],
        ["demo", "--count", "many"],
    ],
)
def test_impossible_counts_are_refused(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(command)
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert command[-2] in told
    assert "expected a whole number of" in told


@pytest.mark.parametrize("seed", ["-1", "4294967296", "x"])
def test_a_seed_that_no_generator_takes_is_refused(seed: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["parts", "p", "--seed", seed])
    assert seed in capsys.readouterr().err
