from __future__ import annotations

import argparse
import types

import pytest

from srclib_ros.cli import main as command_line
from srclib_ros.errors import ArtifactMissingError


def verb_that(action) -> types.ModuleType:
    module = types.ModuleType("verb")
    module.__doc__ = "A verb of the tests."
    module.configure = lambda parser: parser.add_argument("--number", type=int, default=7)
    module.run = action
    return module


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch):
    def put(action) -> None:
        monkeypatch.setattr(command_line, "import_module", lambda name: verb_that(action))

    return put


def test_help_teaches_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command_line.main(["--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    for verb, (_, summary) in command_line.VERBS.items():
        assert verb in told
        assert summary in told


@pytest.mark.parametrize("verb", command_line.VERBS)
def test_every_verb_has_a_help_that_teaches(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command_line.main([verb, "--help"])
    assert ended.value.code == 0
    assert "srclib " in capsys.readouterr().out


def test_without_a_verb_it_prints_the_tutorial(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main([]) == 0
    assert "Step by step" in capsys.readouterr().out


def test_an_unknown_verb_lists_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command_line.main(["fly"])
    assert ended.value.code == 2
    assert "plan" in capsys.readouterr().err


def test_the_verbs_status_is_the_exit_status(install) -> None:
    install(lambda args: args.number)
    assert command_line.main(["plan"]) == 7
    assert command_line.main(["plan", "--number", "1"]) == 1


def test_a_named_error_is_one_line(install, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(args: argparse.Namespace) -> int:
        raise ArtifactMissingError("lib: not there;\n build it")

    install(fail)
    assert command_line.main(["plan"]) == 2
    assert capsys.readouterr().err == "ArtifactMissingError: lib: not there; build it\n"


@pytest.mark.parametrize(("module", "extra"), [("torch", "train"), ("mujoco", "sim"), ("rclpy", "ros")])
def test_a_missing_package_names_its_extra(install, capsys, module: str, extra: str) -> None:
    def fail(args: argparse.Namespace) -> int:
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)

    install(fail)
    assert command_line.main(["plan"]) == 2
    told = capsys.readouterr().err
    assert told.startswith("MissingDependencyError")
    assert f".[{extra}]" in told


def test_a_bug_is_no_named_error(install) -> None:
    def fail(args: argparse.Namespace) -> int:
        raise ModuleNotFoundError("No module named 'srclib_ros.gone'", name="srclib_ros.gone")

    install(fail)
    with pytest.raises(ModuleNotFoundError):
        command_line.main(["plan"])


def test_interrupted(install) -> None:
    def fail(args: argparse.Namespace) -> int:
        raise KeyboardInterrupt

    install(fail)
    assert command_line.main(["plan"]) == 130
