from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from srclib_ros.artifact import seal, write_json
from srclib_ros.config import GraspConfig
from srclib_ros.errors import ArtifactDamagedError, ArtifactMissingError, ArtifactSchemaError
from srclib_ros.geometry.height_map import HeightMap
from srclib_ros.geometry.mesh import sample_surface
from srclib_ros.geometry.transforms import apply, make_transform, rotate
from srclib_ros.grasping import pose_search
from srclib_ros.grasping.model import KIND, SCHEMA, GraspModel
from srclib_ros.grasping.network import ERROR, FIRST_QUALITY, OFFSET, PRESENCE, ROTATION, STRIDE, Cells, network_input
from srclib_ros.grasping.pose_distance import pose_distances
from srclib_ros.grasping.pose_search import UNSEGMENTED
from srclib_ros.grasping.recut import recut
from srclib_ros.types import Bin, Cloud, ObjectPose, Scene, Segment
from test.support.grasp_parts import bent_plate, object_model

PART = object_model(bent_plate())
LOW = -float(bent_plate().vertices[:, 2].min())
T_TRUE = np.array(
    [
        make_transform(Rotation.from_rotvec([0, 0, 0.7]).as_matrix(), [-0.06, 0.01, LOW]),
        make_transform(Rotation.from_rotvec([0, 0, -2.1]).as_matrix(), [0.05, -0.02, LOW]),
    ]
)
CONFIG = GraspConfig()


class StatingNetwork:
    """Says nearly the truth in one hypothesis and nonsense in the others."""

    def __init__(self, scale: float) -> None:
        self.scale = scale

    def run(self, grid: HeightMap) -> Cells:
        _, reference = network_input(grid)
        values = np.zeros((FIRST_QUALITY + 3, *reference.shape), np.float32)
        values[PRESENCE] = -9.0
        values[ROTATION] = np.random.default_rng(0).normal(size=(ROTATION.stop - ROTATION.start, 1, 1))
        wrong = Rotation.from_rotvec([0.1, -0.12, 0.15]).as_matrix()
        raised = np.nan_to_num(grid.height_m) > 0.001 * self.scale
        at = grid.origin_bin_xy + (np.indices(grid.shape)[::-1].transpose(1, 2, 0) + 0.5) * grid.pitch_m
        apart = np.linalg.norm(at[:, :, None] - self.scale * T_TRUE[:, :2, 3], axis=3)
        for number, T in enumerate(T_TRUE):
            part = raised & (apart.argmin(axis=2) == number)
            for row, column in np.unique(np.argwhere(part) // STRIDE, axis=0):
                centre = grid.origin_bin_xy + (np.array([column, row]) + 0.5) * STRIDE * grid.pitch_m
                centroid = self.scale * (T[:3, :3] @ PART.centroid_m + T[:3, 3])
                away = (centroid - np.append(centre, reference[row, column])) / (self.scale * PART.diameter_m)
                values[PRESENCE, row, column] = 5.0
                values[OFFSET, row, column] = away + 0.02
                values[ROTATION.start + 6 : ROTATION.start + 12, row, column] = (T[:3, :3] @ wrong).T[:2].ravel()
        values[ERROR] = 1.0
        return Cells(values, reference)


def _scene(scale: float) -> Scene:
    rng = np.random.default_rng(0)
    clouds = []
    for T in T_TRUE:
        points, normals = sample_surface(bent_plate(), 6000, rng)
        up = rotate(T, normals)[:, 2] > 0.2
        clouds.append((apply(T, points)[up], rotate(T, normals)[up]))
    floor = np.column_stack([rng.uniform(-0.14, 0.14, (8000, 2)), np.zeros(8000)]).astype(np.float32)
    points = np.concatenate([cloud for cloud, _ in clouds] + [floor]) * np.float32(scale)
    normals = np.concatenate([normal for _, normal in clouds] + [np.tile([0, 0, 1], (8000, 1))]).astype(np.float32)
    labels = np.repeat([1, 2, 0], [len(clouds[0][0]), len(clouds[1][0]), 8000]).astype(np.int32)
    segments = tuple(
        Segment(label, np.flatnonzero(labels == label), points[labels == label], normals[labels == label])
        for label in (1, 2)
    )
    size = (0.28 * scale, 0.28 * scale, 0.1)
    return Scene(Cloud(points), Bin(np.eye(4), size), points, normals, labels, np.ones(len(points), bool), segments)


def _model(scale: float = 1.0) -> GraspModel:
    return GraspModel(PART, StatingNetwork(scale))  # type: ignore[arg-type]


@pytest.mark.parametrize("scale", [1.0, 1.6])
def test_each_segment_gets_its_pose_refined(scale: float) -> None:
    scene = _scene(scale)
    poses = _model(scale).detect(scene, scene.segments, scale, CONFIG)
    assert [pose.segment for pose in poses] == [1, 2]
    for pose, T in zip(poses, T_TRUE, strict=True):
        expected = T.copy()
        expected[:3, 3] *= scale
        assert pose_distances(pose.T_bin_object[None], expected[None], PART, scale)[0, 0] < 0.06
        assert pose.fit_m < 0.02 * scale * PART.diameter_m
        assert pose.scale == scale and pose.source == PART.name and 0.5 < pose.score <= 1.0
        assert pose.grasp_quality.shape == (3,)


def test_only_what_is_asked_for_is_answered() -> None:
    scene = _scene(1.0)
    assert [pose.segment for pose in _model().detect(scene, scene.segments[1:], 1.0, CONFIG)] == [2]
    assert _model().detect(scene, [], 1.0, CONFIG) == []


def test_the_network_is_shown_what_lies_around_the_asked_ones_alone() -> None:
    scene, shown = _scene(1.0), []

    class Watched(StatingNetwork):
        def run(self, grid: HeightMap) -> Cells:
            shown.append(grid)
            return super().run(grid)

    for asked in (scene.segments, scene.segments[1:]):
        GraspModel(PART, Watched(1.0)).detect(scene, asked, 1.0, CONFIG)
    whole, around = shown
    assert around.height_m.size < whole.height_m.size
    assert set(np.unique(whole.labels)) >= {1, 2}
    low, high = (f(scene.segments[1].points_bin[:, :2], axis=0) for f in (np.min, np.max))
    extent = around.pitch_m * np.array(around.shape[::-1])
    assert (around.origin_bin_xy <= low).all() and (around.origin_bin_xy + extent >= high).all()


def test_parts_too_small_to_be_seen_are_not_looked_for() -> None:
    scene = _scene(1.0)
    assert _model().detect(scene, scene.segments, 0.05, CONFIG) == []


def test_a_network_that_sees_nothing_finds_nothing() -> None:
    class Blind(StatingNetwork):
        def run(self, grid: HeightMap) -> Cells:
            cells = super().run(grid)
            cells.values[PRESENCE] = -9.0
            return cells

    scene = _scene(1.0)
    assert GraspModel(PART, Blind(1.0)).detect(scene, scene.segments, 1.0, CONFIG) == []  # type: ignore[arg-type]


def test_a_pose_that_does_not_fit_its_segment_is_none_of_it() -> None:
    scene = _scene(1.0)
    moved = [
        Segment(part.label, part.indices, part.points_bin + np.float32([0.0, 0.0, 0.3]), part.normals_bin)
        for part in scene.segments
    ]
    assert all(pose.segment == UNSEGMENTED for pose in _model().detect(scene, moved, 1.0, CONFIG))


def _under_labels(scene: Scene, labels: np.ndarray) -> Scene:
    points, normals = scene.points_bin, scene.normals_bin
    segments = tuple(
        Segment(label, np.flatnonzero(labels == label), points[labels == label], normals[labels == label])
        for label in range(1, int(labels.max()) + 1)
    )
    return replace(scene, labels=labels, segments=segments)


def _cut_and_found(scene: Scene) -> tuple[Scene, tuple[ObjectPose, ...]]:
    """The scene as a detection cuts it anew; every true pose is found once, in a segment of its own."""
    poses = _model().detect(scene, scene.segments, 1.0, CONFIG)
    cut, kept = recut(scene, poses, {PART.name: PART})
    found = pose_distances(np.array([pose.T_bin_object for pose in kept]), np.array(T_TRUE), PART)
    assert len(kept) == 2 and sorted(found.argmin(axis=1)) == [0, 1] and found.min(axis=1).max() < 0.06
    assert len({pose.segment for pose in kept}) == 2
    return cut, kept


def _share_of(cut: Scene, whole: Scene, pose: ObjectPose) -> float:
    """How much of what carries the pose's label lies on the one part that it is of."""
    truth = whole.labels[cut.labels == pose.segment]
    return float(np.bincount(truth).max() / len(truth))


def test_two_parts_in_one_segment_are_told_apart() -> None:
    whole = _scene(1.0)
    cut, kept = _cut_and_found(_under_labels(whole, np.minimum(whole.labels, 1)))
    assert all(_share_of(cut, whole, pose) > 0.95 for pose in kept)
    assert {part.label for part in cut.segments} == {1, 2}


def test_a_part_in_two_segments_is_found_once() -> None:
    whole = _scene(1.0)
    labels = whole.labels.copy()
    labels[np.flatnonzero(labels == 2)[::2]] = 3
    _cut_and_found(_under_labels(whole, labels))


def test_a_part_in_no_segment_is_found_among_its_copies_and_gets_one(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = _scene(1.0)
    seen = _under_labels(whole, np.where(whole.labels == 2, 0, whole.labels))
    assert [pose.segment for pose in _model().detect(seen, seen.segments, 1.0, CONFIG)] == [1]
    monkeypatch.setattr(pose_search, "COPIES", 1)
    cut, kept = _cut_and_found(seen)
    new = next(pose for pose in kept if pose.segment != 1)
    assert _share_of(cut, whole, new) > 0.85
    assert np.count_nonzero(cut.labels == new.segment) > 0.8 * np.count_nonzero(whole.labels == 2)


def test_a_scene_whose_poses_have_their_segments_stays() -> None:
    scene = _scene(1.0)
    poses = _model().detect(scene, scene.segments, 1.0, CONFIG)
    assert recut(scene, poses, {PART.name: PART}) == (scene, tuple(poses))
    assert recut(scene, [], {}) == (scene, ())


def test_a_pose_that_loses_its_points_to_a_nearer_one_goes() -> None:
    scene = _scene(1.0)
    pose = next(pose for pose in _model().detect(scene, scene.segments, 1.0, CONFIG) if pose.segment == 1)
    lifted = pose.T_bin_object.copy()
    lifted[2, 3] += 0.002
    rivals = [replace(pose, T_bin_object=lifted, score=1.0), replace(pose, score=0.9)]
    cut, kept = recut(scene, rivals, {PART.name: PART})
    assert {other.segment for other in kept} <= {part.label for part in cut.segments}
    assert any(np.array_equal(other.T_bin_object, pose.T_bin_object) for other in kept)


def test_folders_that_cannot_be_trusted_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactMissingError):
        GraspModel.load(tmp_path / "nothing")
    write_json(tmp_path / "config.json", {"name": "part"})
    seal(tmp_path, KIND, SCHEMA, {})
    with pytest.raises(ArtifactDamagedError, match="category"):
        GraspModel.load(tmp_path)
    seal(tmp_path, KIND, SCHEMA + 1, {})
    with pytest.raises(ArtifactSchemaError):
        GraspModel.load(tmp_path)
