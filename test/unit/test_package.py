"""What is said twice about the package agrees, and what it needs is pinned."""

from __future__ import annotations

import ast
import configparser
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

import srclib_ros

ROOT = Path(__file__).resolve().parents[2]
MANIFEST = ElementTree.parse(ROOT / "package.xml").getroot()


def setup_constant(name: str) -> Any:
    """A literal that setup.py assigns."""
    for node in ast.parse((ROOT / "setup.py").read_text()).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == name:
            return ast.literal_eval(node.value)
    raise AssertionError(f"setup.py assigns no {name}")


def setup_says(field: str) -> str:
    done = subprocess.run(
        [sys.executable, "setup.py", "-q", f"--{field}"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.strip().splitlines()[-1]


def normalised(requirement: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[=<>~! \[;]", requirement)[0]).lower()


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def text(tag: str) -> str:
    found = MANIFEST.findtext(tag)
    assert found
    return found.strip()


def test_version_name_and_licence_agree() -> None:
    assert text("version") == setup_says("version") == srclib_ros.__version__
    assert text("name") == setup_says("name") == "srclib_ros"
    assert text("license") == setup_says("license") == "Apache-2.0"
    assert "Apache License" in (ROOT / "LICENSE").read_text()[:200]


def test_the_changelog_begins_with_this_version() -> None:
    headings = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == srclib_ros.__version__


def test_maintainer_mail_is_one_that_colcon_accepts() -> None:
    """An invalid one makes colcon treat the package as plain Python, without a word."""
    maintainer = MANIFEST.find("maintainer")
    assert maintainer is not None
    mail = maintainer.get("email", "")
    assert re.fullmatch(r"[-a-zA-Z0-9_%+]+(\.[-a-zA-Z0-9_%+]+)*@[-a-zA-Z0-9%]+(\.[-a-zA-Z0-9%]+)*\.[a-zA-Z]{2,}", mail)
    assert mail == setup_says("maintainer-email")


def test_it_is_an_ament_python_package() -> None:
    assert MANIFEST.get("format") == "3"
    assert MANIFEST.findtext("export/build_type") == "ament_python"
    assert (ROOT / "resource" / "srclib_ros").is_file()
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg")
    assert parser["install"]["install_scripts"] == "$base/lib/srclib_ros"
    assert parser["develop"]["script_dir"] == "$base/lib/srclib_ros"


def test_extras_are_exact_and_everything_is_pinned() -> None:
    pinned = pins()
    extras = setup_constant("EXTRAS")
    for requirement in (item for group in extras.values() for item in group):
        name, version = requirement.split("==")
        assert pinned[normalised(name)] == version, requirement
    for requirement in setup_constant("RUNTIME"):
        assert normalised(requirement) in pinned, requirement


def test_torch_is_no_part_of_the_running_cell() -> None:
    training = {"torch", "scikit-learn", "hdbscan", "onnx", "mujoco", "open3d-cpu", "trimesh", "matplotlib"}
    assert not training & {normalised(item) for item in setup_constant("RUNTIME")}
    assert "torch==2.13.0" in setup_constant("EXTRAS")["train"]


def test_every_folder_of_code_is_a_package() -> None:
    """find_packages drops a folder without __init__.py, silently."""
    folders = {path.parent for path in (ROOT / "srclib_ros").rglob("*.py")}
    assert not [str(folder) for folder in folders if not (folder / "__init__.py").is_file()]


def test_the_verbs_exist() -> None:
    from srclib_ros.cli.main import VERBS

    missing = [verb for verb, (module, _) in VERBS.items() if not (ROOT / f"{module.replace('.', '/')}.py").is_file()]
    assert not missing


def test_run_prints_what_it_can_do() -> None:
    done = subprocess.run(["bash", str(ROOT / "run")], capture_output=True, text=True, check=True)
    for verb in ("demo", "test", "srclib", "setup"):
        assert f"./run {verb}" in done.stdout


def test_run_names_what_it_does_not_know() -> None:
    done = subprocess.run(["bash", str(ROOT / "run"), "fly"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "'fly'" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "profile"),
    [
        ("onboard bolt.stl --unit mm", "train"),
        ("build parts --out lib", "train"),
        ("train-encoder parts", "train"),
        ("experiment transfer", "train"),
        ("library lib add parts", "train"),
        ("library lib list", "cell"),
        ("bench latency", "cell"),
        ("plan cloud.npz", "cell"),
        ("onboard --help", "cell"),
    ],
)
def test_what_learns_is_set_up_with_what_it_learns_with(arguments: str, profile: str) -> None:
    script = (ROOT / "run").read_text()
    function = script[script.index("profile_of_verb()") : script.index("run_tests()")]
    done = subprocess.run(["bash", "-c", f"{function}\nprofile_of_verb {arguments}"], capture_output=True, text=True)
    assert done.stdout.strip() == profile


def test_help_of_a_node_starts_none() -> None:
    done = subprocess.run(["bash", str(ROOT / "run"), "node", "--help"], capture_output=True, text=True, check=True)
    assert "./run node" in done.stdout


def test_continuous_integration_runs_the_tests() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    assert "./run test" in script.read_text()


@pytest.mark.parametrize("name", ["run", ".ci/run"])
def test_scripts_are_valid_bash(name: str) -> None:
    subprocess.run(["bash", "-n", str(ROOT / name)], check=True)
