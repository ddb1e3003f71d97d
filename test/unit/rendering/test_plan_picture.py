from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from srclib_ros.grasping.gripper import load_gripper
from srclib_ros.plan_json import plan_to_json
from srclib_ros.rendering.plan_picture import draw_plan, part_colour, save_plan_picture
from srclib_ros.rendering.recorded_plan import plan_of_record
from srclib_ros.rendering.surface import box_edges, box_faces, scene_surface
from srclib_ros.types import (
    Bin,
    Cloud,
    Grasp,
    GraspPlan,
    Match,
    Neighbour,
    RejectedGrasp,
    RejectReason,
    Scene,
    Segment,
    Verdict,
)

LOOKING_DOWN = np.diag([1.0, -1.0, -1.0, 1.0])


def flat_scene(organised: bool = True, walls_m: float = 0.05) -> Scene:
    """A floor of 0.2 m x 0.1 m with one raised square, seen from 0.5 m above."""
    x, y = np.meshgrid(np.linspace(-0.1, 0.1, 61), np.linspace(-0.05, 0.05, 31))
    raised = (abs(x) < 0.02) & (abs(y) < 0.02)
    points = np.stack((x, y, np.where(raised, 0.02, 0.0)), axis=-1).astype(np.float32)
    normals = np.broadcast_to(np.float32([0, 0, 1]), points.shape).copy()
    labels = raised.astype(np.int32)
    if not organised:
        points, normals, labels = points.reshape(-1, 3), normals.reshape(-1, 3), labels.reshape(-1)
    indices = np.flatnonzero(labels)
    segment = Segment(1, indices, points.reshape(-1, 3)[indices], normals.reshape(-1, 3)[indices])
    cloud = Cloud(points, viewpoint=np.array([0.0, 0.0, 0.5]))
    inside = np.ones(labels.shape, bool)
    return Scene(cloud, Bin(np.eye(4), (0.2, 0.1, walls_m)), points, normals, labels, inside, (segment,))


def flat_plan(scene: Scene, source: str | None = "ring_40") -> GraspPlan:
    T = LOOKING_DOWN.copy()
    T[2, 3] = 0.02
    pregrasp = T.copy()
    pregrasp[2, 3] = 0.12
    grasp = Grasp(T, pregrasp, 0.04, 0.8, "jaw", 1, source, 3, "g1")
    match = Match(1, (Neighbour("ring_40", 2, 0.9, 0.1),), source, 1.1, False, source is not None, "alike")
    rejected = (RejectedGrasp(grasp, RejectReason.TILT), RejectedGrasp(grasp, RejectReason.TILT))
    return GraspPlan(scene, (match,), (), (grasp,), rejected, Verdict.GRASPS, "", {"bin": 1.0, "segment": 2.0})


@pytest.mark.parametrize("gripper", ["jaw", "suction"])
def test_the_gripper_stands_on_the_part(gripper: str) -> None:
    axes = draw_plan(flat_plan(flat_scene()), load_gripper(gripper)).axes[0]
    picture = np.asarray(axes.images[0].get_array())[..., :3]
    orange = np.float32((0.93, 0.33, 0.09)) / np.linalg.norm((0.93, 0.33, 0.09))
    direction = picture / np.maximum(np.linalg.norm(picture, axis=-1, keepdims=True), 1e-6)
    assert (direction @ orange > 0.995).mean() > 1e-3


@pytest.mark.parametrize("organised", [True, False])
@pytest.mark.parametrize("walls_m", [0.05, 0.0])
def test_a_plan_becomes_a_picture(tmp_path: Path, organised: bool, walls_m: float) -> None:
    path = tmp_path / "plan.png"
    save_plan_picture(path, flat_plan(flat_scene(organised, walls_m)), load_gripper("jaw"), title="a title")
    with Image.open(io.BytesIO(path.read_bytes())) as image:
        assert image.size == (1660, 820)
        pixels = np.asarray(image.convert("RGB"), np.float32)[:, :1100] / 255
    blue = part_colour(0)
    direction = pixels / np.maximum(np.linalg.norm(pixels, axis=-1, keepdims=True), 1e-6)
    of_part = direction @ (blue / np.linalg.norm(blue)) > 0.999
    assert of_part.mean() > 0.003


def test_a_bin_without_parts_can_be_drawn() -> None:
    scene = flat_scene()
    empty = Scene(scene.cloud, scene.bin, scene.points_bin, scene.normals_bin, 0 * scene.labels, scene.inside, ())
    plan = GraspPlan(empty, (), (), (), (), Verdict.EMPTY_BIN, "nothing stands out", {"bin": 1.0})
    assert draw_plan(plan, load_gripper("jaw")).axes


def test_the_table_says_who_answers() -> None:
    def told(source: str | None, doubtful: bool = False) -> str:
        plan = flat_plan(flat_scene(), source)
        matches = tuple(replace(match, doubtful=doubtful) for match in plan.matches)
        figure = draw_plan(replace(plan, matches=matches), load_gripper("jaw"))
        return " ".join(text.get_text() for axes in figure.axes for text in axes.texts)

    assert "ring_40" in told("ring_40")
    assert "model-free" in told(None)
    assert "doubtful" not in told(None)
    assert "model-free, doubtful" in told(None, doubtful=True)
    assert str(RejectReason.TILT) in told(None)


def test_a_published_plan_comes_back_from_its_json() -> None:
    scene = flat_scene()
    record = plan_to_json(flat_plan(scene))
    again = plan_to_json(plan_of_record(record, scene))
    assert again | {"parts": []} == record | {"parts": []}
    torn = record | {
        "parts": [part | {"source": None, "completeness": 0.2, "doubtful": True} for part in record["parts"]]
    }
    assert all(match.doubtful and match.completeness == 0.2 for match in plan_of_record(torn, scene).matches)


def test_a_grid_is_filled_in_but_not_across_steps() -> None:
    scene = flat_scene()
    surface = scene_surface(scene, np.ones(scene.labels.shape, bool), finest_m=0.001)
    assert len(surface.points_bin) > 4 * scene.labels.size
    assert set(np.unique(np.round(surface.points_bin[:, 2], 4))) == {0.0, np.float32(0.02)}
    assert (surface.labels[surface.points_bin[:, 2] > 0.01] == 1).all()


def test_faces_and_edges_lie_on_the_box() -> None:
    box = np.array([[0.0, 0.0, 0.0], [0.1, 0.2, 0.3]])
    points, normals = box_faces(box, 0.02)
    on_a_side = np.isclose(points, box[0]) | np.isclose(points, box[1])
    assert on_a_side.any(axis=1).all()
    outward = points + 1e-3 * normals
    assert ((outward < box[0]) | (outward > box[1])).any(axis=1).all()
    edges = box_edges(box, 0.02)
    assert ((np.isclose(edges, box[0]) | np.isclose(edges, box[1])).sum(axis=1) >= 2).all()
