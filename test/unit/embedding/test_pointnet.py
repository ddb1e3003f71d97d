"""What the network must not see: the order of the points, and which of the four poses the cloud came in."""

from __future__ import annotations

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from srclib_ros.embedding.pointnet import PointNet, PointNetShape
from srclib_ros.embedding.shape_network import POSE_SIGNS

BARE = PointNetShape(point_widths=(8, 16), neighbours=0, pair_widths=(), head_width=12, dim=5, n_points=32)
NORMALS = replace(BARE, neighbours=6)
PAIRS = replace(NORMALS, pair_widths=(8, 8), pairs=3)


@pytest.fixture(params=[BARE, NORMALS, PAIRS], ids=["bare", "normals", "pairs"])
def network(request: pytest.FixtureRequest) -> PointNet:
    """Untrained, with running statistics that are not the initial ones."""
    torch.manual_seed(0)
    network = PointNet(request.param)
    for _ in range(3):
        network(torch.randn(8, 32, 3))
    return network.eval()


def test_unit_rows(network: PointNet) -> None:
    embeddings = network(torch.randn(4, 32, 3))
    assert embeddings.shape == (4, 5)
    torch.testing.assert_close(embeddings.norm(dim=1), torch.ones(4))


def test_the_order_of_the_points_does_not_matter(network: PointNet) -> None:
    """But for which pairs are looked at; canonical clouds come in one order."""
    if network.shape.pair_widths:
        pytest.skip("pairs are drawn by rank")
    clouds = torch.randn(2, 32, 3)
    torch.testing.assert_close(network(clouds[:, torch.randperm(32)]), network(clouds))


@pytest.mark.parametrize("signs", POSE_SIGNS)
def test_the_four_poses_of_a_principal_frame_are_one(network: PointNet, signs: tuple[float, ...]) -> None:
    clouds = torch.randn(2, 32, 3)
    torch.testing.assert_close(network(clouds * torch.tensor(signs)), network(clouds))


def test_a_mirror_image_is_another_shape(network: PointNet) -> None:
    clouds = torch.randn(2, 32, 3)
    assert (network(-clouds) - network(clouds)).abs().max() > 1e-3


def test_poses_are_rotations() -> None:
    assert all(x * y * z == 1.0 for x, y, z in POSE_SIGNS)


def test_folded_is_the_same_function(network: PointNet) -> None:
    clouds = torch.randn(2, 32, 3)
    torch.testing.assert_close(network.folded()(clouds), network(clouds), atol=1e-5, rtol=1e-4)
