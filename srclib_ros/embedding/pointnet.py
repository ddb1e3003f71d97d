"""The encoder's network: a PointNet (Qi et al., arXiv 1612.00593) over the four poses of a principal frame.

Torch, so it is imported where an encoder is trained and nowhere on the way of a running cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

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
        self.points = nn.Sequential(*(PointLayer(fan_in, fan_out) for fan_in, fan_out in pairwise(widths)))
        self.pose_head = nn.Sequential(nn.LayerNorm(widths[-1]), nn.Linear(widths[-1], shape.head_width), nn.ReLU())
        self.embedding = nn.Linear(shape.head_width, shape.dim)
        self.register_buffer("signs", torch.tensor(POSE_SIGNS), persistent=False)

    def forward(self, clouds: Tensor) -> Tensor:
        poses = clouds.unsqueeze(1) * self.signs.view(1, 4, 1, 3)
        pooled = self.points(poses).amax(dim=2)
        embedded = self.embedding(self.pose_head(pooled).mean(dim=1))
        return nn.functional.normalize(embedded, dim=-1)

    def folded(self) -> PointNet:
        """The same function in evaluation mode with every batch normalisation folded into its linear layer."""
        copy = PointNet(self.shape)
        copy.load_state_dict(self.state_dict())
        copy.points = nn.Sequential(*(layer.folded() for layer in copy.points if isinstance(layer, PointLayer)))
        return copy.eval()


class PointLayer(nn.Module):
    """Linear, batch normalisation over all points of all clouds, ReLU; (..., fan_in) to (..., fan_out)."""

    def __init__(self, fan_in: int, fan_out: int) -> None:
        super().__init__()
        self.linear = nn.Linear(fan_in, fan_out)
        self.norm = nn.BatchNorm1d(fan_out)

    def forward(self, points: Tensor) -> Tensor:
        linear = self.linear(points)
        return torch.relu(self.norm(linear.flatten(0, -2)).view(linear.shape))

    def folded(self) -> nn.Sequential:
        norm = self.norm
        if norm.running_var is None or norm.running_mean is None:
            raise TypeError("a normalisation without running statistics cannot be folded")
        gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        plain = nn.Linear(self.linear.in_features, self.linear.out_features)
        plain.weight.data = self.linear.weight.data * gain[:, None]
        plain.bias.data = (self.linear.bias - norm.running_mean) * gain + norm.bias
        return nn.Sequential(plain, nn.ReLU())
