"""The encoder's network: a PointNet (Qi et al., arXiv 1612.00593) over the four poses of a principal frame.

Torch, so it is imported where an encoder is trained and nowhere on the way of a running cell.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

# rotations by 180 degrees about x, y and z: the proper sign choices that principal axes leave open
POSE_SIGNS = ((1.0, 1.0, 1.0), (1.0, -1.0, -1.0), (-1.0, 1.0, -1.0), (-1.0, -1.0, 1.0))


@dataclass(frozen=True)
class PointNetShape:
    """Widths of the network. point_widths: the MLP shared by all points; dim: the embedding."""

    point_widths: tuple[int, ...] = (48, 96, 192)
    head_width: int = 192
    dim: int = 96
    n_points: int = 256


class PointNet(nn.Module):
    """Canonical clouds (B, N, 3) to unit embeddings (B, dim).

    A shared MLP and a max over the points describe each of the four poses; a head follows, then the mean over the
    poses, so the embedding does not depend on which of the four the cloud came in.
    """

    def __init__(self, shape: PointNetShape) -> None:
        super().__init__()
        self.shape = shape
        widths = (3, *shape.point_widths)
        layers: list[nn.Module] = []
        for fan_in, fan_out in zip(widths, widths[1:], strict=False):
            layers += [nn.Linear(fan_in, fan_out), nn.ReLU()]
        self.points = nn.Sequential(*layers[:-1])
        self.pose_head = nn.Sequential(
            nn.LayerNorm(widths[-1]), nn.Linear(widths[-1], shape.head_width), nn.ReLU()
        )
        self.embedding = nn.Linear(shape.head_width, shape.dim)
        self.register_buffer("signs", torch.tensor(POSE_SIGNS), persistent=False)

    def forward(self, clouds: Tensor) -> Tensor:
        poses = clouds.unsqueeze(1) * self.signs.view(1, 4, 1, 3)
        pooled = self.points(poses).amax(dim=2)
        embedded = self.embedding(self.pose_head(pooled).mean(dim=1))
        return nn.functional.normalize(embedded, dim=-1)
