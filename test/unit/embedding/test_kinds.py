"""Every kind trains, ships and is read again; what sets one apart from the others is held by arithmetic."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from srclib_ros.embedding.autoencoders.contractive import jacobian_norm
from srclib_ros.embedding.autoencoders.denoising import Denoising
from srclib_ros.embedding.autoencoders.undercomplete import Undercomplete
from srclib_ros.embedding.autoencoders.variational import divergence
from srclib_ros.embedding.encoder import Encoder
from srclib_ros.embedding.encoder_kind import Batch, EncoderKind
from srclib_ros.embedding.height_image import REACH, height_image
from srclib_ros.embedding.kinds import KINDS, make_kind, make_network
from srclib_ros.embedding.pointnet import PointNetShape
from srclib_ros.embedding.preprocess import canonicalise
from srclib_ros.training.encoder_folder import load_kind, write_encoder

TINY = PointNetShape((8, 16), neighbours=5, pair_widths=(8,), pairs=2, head_width=12, dim=6, n_points=32)
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in KINDS),
    ("undercomplete", {"reconstruction": "sinkhorn"}),
    ("sparse", {"penalty": "l2"}),
    ("siamese_triplet", {"metric": "cosine", "mining": "semi_hard"}),
    ("siamese_triplet", {"mining": "batch_all"}),
]


def made(name: str, **options: Any) -> EncoderKind:
    torch.manual_seed(0)
    return make_kind(name, make_network(name, TINY), 4, options)


@pytest.fixture
def batch(rng: np.random.Generator) -> Batch:
    """Four bricks of differing proportions, three clouds of each."""
    edges = np.repeat(rng.uniform(0.3, 2.0, (4, 1, 3)), 3, axis=0)
    return Batch(torch.from_numpy(((rng.random((12, 32, 3)) - 0.5) * edges).astype(np.float32)), torch.arange(12) // 3)


@pytest.mark.parametrize(("name", "options"), VARIANTS)
def test_descent_lowers_the_loss(name: str, options: dict[str, Any], batch: Batch) -> None:
    kind = made(name, **options)
    optimiser = torch.optim.Adam(kind.parameters(), lr=3e-3)
    losses = []
    for _ in range(40):
        loss = kind.loss(batch)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss))
    assert np.isfinite(losses).all()
    assert np.mean(losses[-5:]) < 0.9 * np.mean(losses[:5])


@pytest.mark.parametrize("name", KINDS)
def test_ships_and_is_read_again(name: str, batch: Batch, tmp_path: Path) -> None:
    kind = made(name).eval()
    meta = {"shapes": 4, "training": {"kind": name, "options": {}}}
    write_encoder(tmp_path / "encoder", kind.network, meta, kind)
    again = load_kind(tmp_path / "encoder")
    assert again.network.shape == kind.network.shape
    for key, value in kind.state_dict().items():
        torch.testing.assert_close(again.state_dict()[key], value)
    clouds = [cloud.numpy() for cloud in batch.clouds]
    encoder = Encoder.load(tmp_path / "encoder")
    embeddings = encoder.encode(clouds)
    with torch.no_grad():
        expected = kind.network(torch.from_numpy(canonicalise(clouds, 32).points)).numpy()
    np.testing.assert_allclose(embeddings, expected, atol=1e-4)
    np.testing.assert_allclose(encoder.encode(clouds[:1]), embeddings[:1], atol=1e-4)


def test_what_is_decoded_counts_in_any_of_the_four_poses(batch: Batch) -> None:
    kind = made("undercomplete")
    assert isinstance(kind, Undercomplete)
    code = torch.zeros(12, 6)
    turned = batch.clouds * torch.tensor([-1.0, -1.0, 1.0])
    torch.testing.assert_close(kind.reconstruction(code, turned), kind.reconstruction(code, batch.clouds))


def test_the_spoilt_cloud_has_lost_points(batch: Batch) -> None:
    kind = made("denoising", noise=0.0, dropped=0.5)
    assert isinstance(kind, Denoising)
    assert [len(cloud.unique(dim=0)) for cloud in kind.spoilt(batch.clouds)] == [16] * 12


def test_every_point_that_is_decoded_is_learnt_from(batch: Batch) -> None:
    kind = made("undercomplete", reconstruction="sinkhorn")
    kind.loss(batch).backward()
    last = kind.decoder.layers[-1].bias.grad  # type: ignore[union-attr, operator]
    assert (last.view(-1, 3).abs().sum(dim=1) > 0).all()


def test_divergence_by_hand() -> None:
    """KL(N(1, e) | N(0, 1)) in one dimension: (1 + e - 1 - 1) / 2."""
    assert float(divergence(torch.ones(1, 1), torch.ones(1, 1))) == pytest.approx((math.e - 1.0) / 2.0)
    assert float(divergence(torch.zeros(3, 2), torch.zeros(3, 2))) == 0.0


def test_the_jacobian_norm_of_a_linear_map_is_its_own() -> None:
    """code = A x, so the norm is that of A; the estimate is right on average."""
    torch.manual_seed(0)
    A = torch.tensor([[1.0, 2.0, 0.0], [0.0, 0.0, 3.0]])
    clouds = torch.randn(4000, 1, 3, requires_grad=True)
    assert float(jacobian_norm(clouds[:, 0] @ A.T, clouds).detach()) == pytest.approx(14.0, rel=0.1)


def test_height_image_by_hand() -> None:
    """One point at the image's corner: its pixel has its height, count 1 and so occupancy 1/2; the others nothing."""
    image = height_image(torch.tensor([[[-REACH, -REACH, 0.7]]]), 4)
    expected = torch.zeros(1, 2, 4, 4)
    expected[0, :, 0, 0] = torch.tensor([0.7, 0.5])
    torch.testing.assert_close(image, expected)
