"""Four boxes of two kinds, a small untrained encoder for them, and what stands in for a trained grasp model."""

from __future__ import annotations

from pathlib import Path

from support.pairs_beside import pairs_beside

from srclib_ros.artifact import seal, write_json
from srclib_ros.geometry.mesh import PartMesh, centred
from srclib_ros.training.library_build import BuildPlan
from srclib_ros.training.part_views import ViewPlan

PLAN = BuildPlan(ViewPlan(partial_views=4, full_views=1, queries=2))


def box(name: str, category: str, *extents_m: float) -> PartMesh:
    import trimesh

    mesh = trimesh.creation.box(extents_m)
    return centred(name, category, mesh.vertices, mesh.faces)


def boxes() -> tuple[PartMesh, ...]:
    return (
        box("bar_40", "bar", 0.04, 0.01, 0.01),
        box("bar_60", "bar", 0.06, 0.015, 0.015),
        box("plate_40", "plate", 0.04, 0.04, 0.006),
        box("plate_60", "plate", 0.06, 0.06, 0.009),
    )


def write_tiny_encoder(folder: Path) -> Path:
    import torch

    from srclib_ros.embedding.pointnet import PointNet, PointNetShape
    from srclib_ros.training.encoder_folder import write_encoder

    torch.manual_seed(0)
    shape = PointNetShape(point_widths=(8, 16), head_width=16, dim=8, n_points=64)
    write_encoder(folder, PointNet(shape).eval(), {}, beside=pairs_beside())
    return folder


def write_model(part: PartMesh, folder: Path) -> None:
    """Stands in for training: as long as the file names its part."""
    write_json(folder / "config.json", {"part": part.name})
    seal(folder, "grasp_model", 1, {})


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
