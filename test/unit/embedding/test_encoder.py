"""An encoder folder written and read again: the same function, and every bad folder refused by name."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from support.pairs_beside import pairs_beside

from srclib_ros.artifact import MANIFEST, seal, write_json
from srclib_ros.embedding.encoder import CONFIG, ONNX, Descriptors, Encoder, encoder_id
from srclib_ros.errors import (
    ArtifactDamagedError,
    ArtifactMissingError,
    ArtifactSchemaError,
    EmptyCloudError,
)
from srclib_ros.types import FloatArray

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small untrained encoder."""
    from srclib_ros.embedding.pointnet import PointNet, PointNetShape
    from srclib_ros.training.encoder_folder import write_encoder

    torch.manual_seed(0)
    network = PointNet(PointNetShape(point_widths=(8, 16), head_width=16, dim=6, n_points=64))
    path = tmp_path_factory.mktemp("encoder") / "tiny"
    write_encoder(path, network.eval(), {"seed": 0})
    return path


@pytest.fixture
def damaged(folder: Path, tmp_path: Path) -> Path:
    """A copy to break."""

    return Path(shutil.copytree(folder, tmp_path / "copy"))


@pytest.fixture
def clouds(rng: np.random.Generator) -> list[FloatArray]:
    return [(rng.random((n, 3)) ** 1.5 * [0.06, 0.03, 0.01]).astype(np.float32) for n in (40, 200, 900)]


def test_unit_rows_one_for_each_cloud(folder: Path, clouds: list[FloatArray]) -> None:
    encoder = Encoder.load(folder)
    embeddings = encoder.encode(clouds)
    assert embeddings.shape == (3, encoder.dim) == (3, 6)
    assert embeddings.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1.0, rtol=1e-5)
    np.testing.assert_allclose(encoder.encode(clouds[1:2]), embeddings[1:2], atol=1e-5)
    assert encoder.encode([]).shape == (0, 6)


def test_rotation_scale_and_order_do_not_matter(
    folder: Path, clouds: list[FloatArray], rng: np.random.Generator
) -> None:
    encoder = Encoder.load(folder)
    turn = Rotation.random(rng=rng).as_matrix().astype(np.float32)
    plain = encoder.describe(clouds)
    turned = encoder.describe([2.0 * rng.permutation(cloud) @ turn.T + np.float32([0, 0, 1]) for cloud in clouds])
    np.testing.assert_allclose(turned.embeddings, plain.embeddings, atol=1e-3)
    np.testing.assert_allclose(turned.size_m, 2.0 * plain.size_m, rtol=1e-4)


def test_the_onnx_is_the_trained_network(folder: Path, clouds: list[FloatArray]) -> None:
    from srclib_ros.embedding.preprocess import canonicalise
    from srclib_ros.training.encoder_folder import load_network

    with torch.no_grad():
        expected = load_network(folder)(torch.from_numpy(canonicalise(clouds, 64).points)).numpy()
    np.testing.assert_allclose(Encoder.load(folder).encode(clouds), expected, atol=1e-5)


def test_an_empty_cloud_is_named(folder: Path, clouds: list[FloatArray]) -> None:
    with pytest.raises(EmptyCloudError):
        Encoder.load(folder).encode([clouds[0], np.zeros((0, 3), np.float32)])


def test_the_id_is_of_the_whole_folder(folder: Path, damaged: Path) -> None:
    assert Encoder.load(damaged).id == encoder_id(folder)
    seal(damaged, "encoder", 1, {"seed": 1})
    assert Encoder.load(damaged).id != encoder_id(folder)


def test_bad_folders_are_named(damaged: Path, tmp_path: Path) -> None:
    with pytest.raises(ArtifactMissingError):
        Encoder.load(tmp_path / "nowhere")
    (damaged / ONNX).write_bytes((damaged / ONNX).read_bytes()[:-9])
    with pytest.raises(ArtifactDamagedError, match="again"):
        Encoder.load(damaged)
    manifest = json.loads((damaged / MANIFEST).read_text())
    write_json(damaged / MANIFEST, manifest | {"schema": 99})
    with pytest.raises(ArtifactSchemaError):
        Encoder.load(damaged)


def test_a_config_that_says_nothing_is_named(damaged: Path) -> None:
    write_json(damaged / CONFIG, {"architecture": "pointnet"})
    seal(damaged, "encoder", 1, {})
    with pytest.raises(ArtifactDamagedError, match="train the encoder again"):
        Encoder.load(damaged)


def test_what_stands_beside_the_network_is_joined_to_it(folder: Path, clouds: list[FloatArray], tmp_path: Path) -> None:
    from srclib_ros.training.encoder_folder import load_network, write_encoder

    path = tmp_path / "with_pairs"
    write_encoder(path, load_network(folder), {"seed": 0}, beside=pairs_beside())
    encoder = Encoder.load(path)
    found = encoder.encode(clouds)
    assert found.shape == (3, encoder.dim) == (3, 6 + 5)
    np.testing.assert_allclose(found[:, :6], np.sqrt(0.75) * Encoder.load(folder).encode(clouds), atol=1e-5)
    np.testing.assert_array_equal(Encoder.load(path, threads=1).encode(clouds), found)
    described = encoder.describe(clouds)
    assert described.dims == described[1:].dims == Descriptors.concatenated([described] * 2).dims == (6, 5)
    assert Encoder.load(folder).describe(clouds).dims == ()
    assert described.metric.shape == (3, encoder.dim_m) == (3, 4)
    assert encoder.describe([]).metric.shape == (0, 4)
    config = json.loads((path / CONFIG).read_text())
    write_json(path / CONFIG, config | {"point_pairs": {"dims": 3}})
    seal(path, "encoder", 1, {"seed": 0})
    with pytest.raises(ArtifactDamagedError, match="train it again"):
        Encoder.load(path)
