"""From a mesh to a grasp model that detects: everything real, but far too little of it to be any good."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from srclib_ros.artifact import read_json
from srclib_ros.config import PipelineConfig
from srclib_ros.errors import TrainingError
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.grasping.gripper import load_gripper
from srclib_ros.grasping.model import GraspModel
from srclib_ros.segmentation.instances import segment
from srclib_ros.simulation.cell import simulate_scene
from srclib_ros.training.grasp_network import train_grasp_model
from srclib_ros.training.grasp_scenes import SceneSource
from srclib_ros.training.grasp_stream import SceneStream
from test.support.few_candidates import few_candidates
from test.support.grasp_parts import bent_plate, boxes

OTHER = boxes(((0, 0, 0), (0.02, 0.02, 0.03)))
OTHER = PartMesh("block", "block", OTHER.vertices, OTHER.faces)
TINY: dict[str, Any] = {"minutes": 0.008, "scenes": 2, "validation_scenes": 1, "seed": 1}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained") / "bent_plate"
    with pytest.MonkeyPatch.context() as monkeypatch:
        few_candidates(monkeypatch)
        return train_grasp_model(bent_plate(), [OTHER], load_gripper("jaw"), folder, **TINY)


def test_the_folder_is_sealed_small_and_says_how_good_it_is(trained: Path) -> None:
    config = read_json(trained / "config.json")
    assert config["name"] == "bent_plate" and config["gripper"] == "jaw"
    assert config["candidates"] > 2 and config["symmetries"] == 1
    assert config["validation"]["scenes"] == 1 and 0.0 <= config["validation"]["model"]["recall"] <= 1.0
    assert sum(path.stat().st_size for path in trained.iterdir()) < 1.6e6


def test_it_is_not_trained_twice_and_not_taken_for_another(trained: Path) -> None:
    before = (trained / "manifest.json").stat().st_mtime_ns
    train_grasp_model(bent_plate(), [OTHER], load_gripper("jaw"), trained, **TINY)
    with pytest.raises(TrainingError, match="choose another"):
        train_grasp_model(OTHER, [], load_gripper("jaw"), trained, **TINY)
    with pytest.raises(TrainingError, match="choose another"):
        train_grasp_model(bent_plate(), [OTHER], load_gripper("jaw_small"), trained, **TINY)
    with pytest.raises(TrainingError, match="choose another"):
        train_grasp_model(bent_plate(), [OTHER], load_gripper("jaw"), trained, **TINY | {"seed": 2})
    assert (trained / "manifest.json").stat().st_mtime_ns == before


def test_it_detects_in_a_simulated_scene(trained: Path) -> None:
    model = GraspModel.load(trained, threads=1)
    assert len(model.object.candidates) == read_json(trained / "config.json")["candidates"]
    recorded = simulate_scene([bent_plate()] * 3, bin_size_m=(0.2, 0.16, 0.06), rng=np.random.default_rng(0))
    config = PipelineConfig()
    scene = segment(recorded.cloud, recorded.bin, config)
    for pose in model.detect(scene, scene.segments, 1.0, config.grasp):
        assert pose.source == "bent_plate" and pose.grasp_quality.shape == (len(model.object.candidates),)
        assert np.isfinite(pose.T_bin_object).all()


def test_the_same_number_gives_the_same_scene(trained: Path, tmp_path: Path) -> None:
    part, gripper = GraspModel.load(trained, threads=1).object, load_gripper("jaw")
    sources = [SceneSource(bent_plate(), part, [OTHER], gripper, tmp_path / name, 5) for name in ("a", "b")]
    one, two, stored = sources[0].scene(19), sources[1].scene(19), sources[0].scene(19)
    for other in (two, stored):
        np.testing.assert_array_equal(one.points_bin, other.points_bin)
        np.testing.assert_array_equal(one.T_bin_object, other.T_bin_object)
        np.testing.assert_allclose(one.quality, other.quality, atol=0.003)
    assert one.is_target.any() and not one.is_target.all()
    assert not one.quality[~one.is_target].any()
    assert one.owner.max() <= len(one.is_target)


def test_scenes_are_simulated_beside(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part = GraspModel.load(trained, threads=1).object
    source = SceneSource(bent_plate(), part, [], load_gripper("jaw"), tmp_path, 5)
    with SceneStream(source, 2) as stream:
        monkeypatch.setattr(source, "_simulate", None)
        assert stream[1].is_target.any() and len(stream[0].points_bin) > 1000
