"""The PointNet autoencoder, undercomplete: a code far smaller than the cloud (Achlioptas et al., arXiv 1707.02392)."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from srclib_ros.embedding.encoder_kind import Batch, EncoderKind
from srclib_ros.embedding.losses.chamfer import chamfer
from srclib_ros.embedding.losses.sinkhorn import sinkhorn
from srclib_ros.embedding.shape_network import ShapeNetwork

RECONSTRUCTION: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"chamfer": chamfer, "sinkhorn": sinkhorn}
POINTS = 128  # that a code is decoded to
SUBSAMPLE = 64  # points of each cloud, and decoded, that the transport is worked out on


class PointDecoder(nn.Module):
    """Codes (B, dim) to clouds (B, points, 3)."""

    def __init__(self, dim: int, points: int, width: int = 256) -> None:
        super().__init__()
        self.points = points
        self.layers = nn.Sequential(
            nn.Linear(dim, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 3 * points)
        )

    def forward(self, code: Tensor) -> Tensor:
        return self.layers(code).view(len(code), self.points, 3)


class Undercomplete(EncoderKind):
    """reconstruction: 'chamfer', or 'sinkhorn' for the earth mover's distance, on fewer points.

    The code does not know in which of the four poses of its principal frame a cloud came, so the decoded cloud is
    compared with all four and the nearest counts.
    """

    def __init__(self, network: ShapeNetwork, reconstruction: str = "chamfer") -> None:
        super().__init__(network)
        self._subsample = SUBSAMPLE if reconstruction == "sinkhorn" else None
        self.decoder = PointDecoder(network.dim, self._subsample or POINTS)
        self._distance = RECONSTRUCTION[reconstruction]

    def loss(self, batch: Batch) -> Tensor:
        return self.reconstruction(self.network.code(batch.clouds), batch.clouds)

    def reconstruction(self, code: Tensor, clouds: Tensor) -> Tensor:
        """Mean distance of what the code (B, dim) decodes to from the clouds (B, N, 3)."""
        decoded = self.decoder(code)
        if self._subsample is not None:
            clouds = clouds[:, :: max(1, clouds.shape[1] // self._subsample)]
        poses = self.network.in_all_poses(clouds)
        repeated = decoded.unsqueeze(1).expand(-1, poses.shape[1], -1, -1)
        distance = self._distance(repeated.flatten(0, 1), poses.flatten(0, 1))
        return distance.view(len(clouds), -1).amin(dim=1).mean()
