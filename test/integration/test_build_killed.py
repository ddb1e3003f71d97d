"""`srclib build` killed outright in the middle, and given again."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from srclib_ros.training.library_folder import work_folder

torch = pytest.importorskip("torch")
trimesh = pytest.importorskip("trimesh")
pytest.importorskip("open3d")


def command(meshes: Path, encoder: Path, out: Path) -> list[str]:
    options = ["--unit", "mm", "--encoder", str(encoder), "--out", str(out), "--json"]
    return [sys.executable, "-m", "srclib_ros.cli.main", "build", str(meshes), *options]


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def encoder(tmp_path: Path) -> Path:
    """A small untrained encoder."""
    from srclib_ros.embedding.pointnet import PointNet, PointNetShape
    from srclib_ros.training.encoder_folder import write_encoder

    torch.manual_seed(0)
    shape = PointNetShape(point_widths=(8, 16), head_width=16, dim=8, n_points=64)
    write_encoder(tmp_path / "encoder", PointNet(shape).eval(), {})
    return tmp_path / "encoder"


@pytest.fixture
def meshes(tmp_path: Path) -> Path:
    """Twelve boxes of three kinds."""
    for kind, thickness in (("bar", 0.2), ("plate", 0.9), ("cube", 1.0)):
        (tmp_path / "meshes" / kind).mkdir(parents=True)
        for length in (30, 40, 50, 60):
            box = trimesh.creation.box((length, length * thickness, length * (0.15 if kind == "plate" else thickness)))
            box.export(tmp_path / "meshes" / kind / f"{kind}_{length}.stl")
    return tmp_path / "meshes"


def test_a_build_that_was_killed_ends_as_one_that_was_not(meshes: Path, encoder: Path, tmp_path: Path) -> None:
    out, undisturbed = tmp_path / "killed" / "lib", tmp_path / "whole" / "lib"
    build = subprocess.Popen(command(meshes, encoder, out), stdout=subprocess.DEVNULL)
    views = work_folder(out) / "views"
    while build.poll() is None and len(list(views.glob("*.safetensors"))) < 2:
        time.sleep(0.01)
    build.kill()
    build.wait()
    done = {path: path.stat().st_mtime_ns for path in views.glob("*.safetensors")}
    assert done
    subprocess.run(command(meshes, encoder, out), check=True, stdout=subprocess.DEVNULL)
    assert all(path.stat().st_mtime_ns == before for path, before in done.items()), "finished parts are not done again"
    subprocess.run(command(meshes, encoder, undisturbed), check=True, stdout=subprocess.DEVNULL)
    assert files_of(out) == files_of(undisturbed)
