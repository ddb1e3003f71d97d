"""Imports run one way, and the running cell does not pull in what only training needs."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "srclib_ros"

# Each room may import those before it. The last rooms import from everything before them, not from each other.
DIRECTION = [
    "types",
    "errors",
    "config",
    "artifact",
    "inference",
    "geometry",
    "captures",
    "segmentation",
    "embedding",
    "library",
    "grasping",
    "plan_json",
    "pipeline",
]
BESIDE = {
    "simulation": (),
    "training": ("simulation",),
    "rendering": ("simulation",),
    "reporting": ("rendering", "training"),
    "experiments": ("simulation", "training"),
}
TOP = ("cli", "ros")

ROS_MODULES = ("rclpy", "rosbags", "tf2_ros", "launch", "launch_ros", "builtin_interfaces", "sensor_msgs_py")
HEAVY = ("torch", "sklearn", "hdbscan", "matplotlib", "trimesh", "mujoco", "open3d", "tqdm", "onnx")


def imports_of(path: Path) -> Iterator[tuple[str, bool]]:
    """(module, at the top level of the file) of each import; `if TYPE_CHECKING` does not count."""
    tree = ast.parse(path.read_text())
    top = set(map(id, tree.body))
    typing_only = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.unparse(block.test)
        for node in ast.walk(block)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            yield node.module, id(node) in top


def room_of(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def sources() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def allowed_rooms(room: str) -> set[str]:
    """The rooms that a file of `room` may import."""
    if room in TOP:
        others = set(DIRECTION) | set(BESIDE) | {"cli", "ros"} if room == "cli" else set(DIRECTION) | {"ros"}
        return others | {""}
    if room in BESIDE:
        return set(DIRECTION) | {room, "", *BESIDE[room]}
    position = DIRECTION.index(room)
    return {*DIRECTION[: position + 1], ""}


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_one_way(path: Path) -> None:
    relative = path.relative_to(PACKAGE)
    room = relative.parts[0].removesuffix(".py")
    if room == "__init__":
        return
    for module, _ in imports_of(path):
        if module.split(".")[0] == "srclib_ros":
            assert room_of(module) in allowed_rooms(room), f"{relative} imports {module}"


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_ros_room_knows_ros(path: Path) -> None:
    relative = path.relative_to(PACKAGE)
    for module, _ in imports_of(path):
        top = module.split(".")[0]
        if top in ROS_MODULES or top.endswith("_msgs"):
            assert relative.parts[0] == "ros", f"{relative} imports {module}"


def loaded_after(statement: str) -> set[str]:
    """Top-level names in sys.modules of a fresh interpreter after `statement`."""
    code = f"{statement}\nimport sys\nprint(' '.join(sorted({{name.split('.')[0] for name in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.split("\n")[-2].split())


@pytest.mark.parametrize(
    "statement", ["import srclib_ros.pipeline", "import srclib_ros.plan_json", "import srclib_ros.ros.picking_node"]
)
def test_the_running_cell_imports_nothing_heavy(statement: str) -> None:
    assert not loaded_after(statement) & set(HEAVY)


def test_the_command_line_imports_a_verb_only_when_it_is_called() -> None:
    loaded = loaded_after("import srclib_ros.cli.main")
    assert not loaded & {"numpy", "onnxruntime", *HEAVY}
