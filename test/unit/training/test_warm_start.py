"""A target's network that starts as a source's: it answers as the source's did, in the target's own terms."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from srclib_ros.artifact import write_atomic
from srclib_ros.errors import ArtifactDamagedError
from srclib_ros.geometry.height_map import height_map
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.grasping.decode import decode
from srclib_ros.grasping.gripper import load_gripper
from srclib_ros.grasping.model import ONNX, GraspModel
from srclib_ros.grasping.network import FIRST_QUALITY, PIXELS_PER_DIAMETER, GridNetwork, network_input
from srclib_ros.training.fit_grasp_network import onnx_bytes
from srclib_ros.training.grid_net import GridNet
from srclib_ros.training.warm_start import stored_weights, warm_start
from test.support.grasp_parts import bent_plate, object_model
from test.support.grasp_scenes import lying_scene

PART = object_model(bent_plate(), candidates=5)
PART.candidates.T_object_tcp[:, 0, 3] = np.linspace(-0.02, 0.02, 5)
SCENES = [lying_scene(seed) for seed in range(3)]
JAW = load_gripper("jaw")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> tuple[GraspModel, Path]:
    """A model with random weights and normalisations that matter."""
    torch.manual_seed(0)
    network = GridNet(5)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.uniform_(-0.5, 0.5)
    network.train()(torch.rand(8, 3, 64, 64))
    folder = tmp_path_factory.mktemp("source")
    stored = onnx_bytes(network.eval())
    write_atomic(folder / ONNX, stored)
    return GraspModel(PART, GridNetwork(stored, 5, threads=1)), folder


def grid_of(part):
    scene = SCENES[0]
    return height_map(scene.points_bin, scene.owner, part.diameter_m / PIXELS_PER_DIAMETER, scene.bin_size_m[:2])


def test_for_the_same_part_it_answers_the_same_and_can_be_trained_on(source: tuple[GraspModel, Path]) -> None:
    model, folder = source
    started = warm_start(model, stored_weights(folder), PART, JAW, SCENES, 64)
    grid = grid_of(PART)
    maps, _ = network_input(grid)
    with torch.no_grad():
        found = started.network(torch.from_numpy(maps[None]))[0].numpy()
    scale = np.abs(found).max()
    np.testing.assert_allclose(found, model.network.run(grid).values, atol=2e-3 * scale)
    statistics = [m.running_var for m in started.network.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert min(float(variance.max()) for variance in statistics) > 0.0
    with torch.no_grad():
        trained = started.network.train()(torch.from_numpy(np.repeat(maps[None], 2, 0)))[0].numpy()
    assert np.corrcoef(trained.ravel(), found.ravel())[0, 1] > 0.9


def test_for_a_turned_copy_it_finds_the_same_poses_in_its_own_frame(source: tuple[GraspModel, Path]) -> None:
    model, folder = source
    R = Rotation.from_euler("xyz", (0.4, -1.1, 2.0)).as_matrix()
    mesh = bent_plate()
    T = PART.candidates.T_object_tcp.copy()
    T[:, :3, 3], T[:, :3, :3] = T[:, :3, 3] @ R.T, R @ T[:, :3, :3]
    order = [2, 4, 0, 1, 3]
    copy = replace(
        object_model(PartMesh("copy", "", mesh.vertices @ R.T, mesh.faces), candidates=5),
        candidates=replace(PART.candidates, T_object_tcp=T[order]),
    )
    started = warm_start(model, stored_weights(folder), copy, JAW, SCENES, 64)
    there = GraspModel(started.part, GridNetwork(onnx_bytes(started.network), 5, threads=1))
    grid = grid_of(PART)
    one = decode(model.network.run(grid), grid, model.object, 0.0, hypotheses=1)
    other = decode(there.network.run(grid), grid, there.object, 0.0, hypotheses=1)
    turned = one.T_bin_object[:, :3, :3] @ R.T
    apart = Rotation.from_matrix(turned.transpose(0, 2, 1) @ other.T_bin_object[:, :3, :3]).magnitude()
    assert np.median(apart) < np.deg2rad(2.0)
    np.testing.assert_allclose(one.centroid_bin, other.centroid_bin, atol=1e-3)
    np.testing.assert_allclose(one.grasp_quality[:, order], other.grasp_quality, atol=0.02)


def test_a_candidate_that_the_source_has_not_starts_as_the_mean(source: tuple[GraspModel, Path]) -> None:
    model, folder = source
    T = PART.candidates.T_object_tcp.copy()
    T[1, :3, 3] += 0.2
    far = replace(PART, candidates=replace(PART.candidates, T_object_tcp=T))
    weights = stored_weights(folder)
    started = warm_start(model, weights, far, JAW, SCENES, 64)
    rated = weights["cells.bias"][FIRST_QUALITY:]
    np.testing.assert_allclose(
        started.network.cells.bias.detach()[FIRST_QUALITY:], [rated[0], rated.mean(), *rated[2:]], rtol=1e-5
    )


def test_a_network_of_other_making_is_refused(tmp_path: Path) -> None:
    write_atomic(tmp_path / ONNX, b"")
    with pytest.raises(ArtifactDamagedError, match="train it again"):
        stored_weights(tmp_path)
