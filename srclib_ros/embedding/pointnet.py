"""The encoder's network: a PointNet (Qi et al., arXiv 1612.00593) over a principal frame, and over point pairs.

Torch, so it is imported where an encoder is trained and nowhere on the way of a running cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from srclib_ros.embedding.preprocess import PRINCIPAL
from srclib_ros.embedding.shape_network import ShapeNetwork
from srclib_ros.embedding.surface import surface


@dataclass(frozen=True)
class PointNetShape:
    """Widths of the network.

    point_widths: the MLP shared by all points. neighbours: whose spread gives a point its normal, in a cloud of
    `n_points`, and proportionally fewer in a sparser one, so that they reach as far; 0, bare coordinates.
    pair_widths: the MLP shared by all point pairs, which need normals; none, no pairs. pairs: that each point is the
    first of.
    head_width: of each branch. dim: the embedding. n_points: of a cloud. frame: that clouds are brought into, see
    `preprocess.canonicalise`.
    """

    point_widths: tuple[int, ...] = (48, 96, 192)
    neighbours: int = 0
    pair_widths: tuple[int, ...] = ()
    pairs: int = 6
    head_width: int = 192
    dim: int = 96
    n_points: int = 192
    frame: str = PRINCIPAL


class PointNet(ShapeNetwork):
    """Canonical clouds (B, N, 3) to unit embeddings (B, dim), of two views of the shape joined.

    Points: a shared MLP over position, normal and curvature, and a max over the points, describe each of the four
    poses; then the mean over the poses. Pairs: a shared MLP over the point-pair features of Drost et al. (CVPR 2010)
    and the mean and max over the pairs; the features do not depend on the frame, and a cut leaves most as they are.
    """

    def __init__(self, shape: PointNetShape) -> None:
        super().__init__(shape.head_width * (2 if shape.pair_widths else 1), shape.dim)
        self.shape = shape
        self.points = shared_mlp(3 + 4 * bool(shape.neighbours), *shape.point_widths)
        self.pose_head = head(shape.point_widths[-1], shape.head_width)
        if shape.pair_widths:
            self.pairs = shared_mlp(PAIR_FEATURES, *shape.pair_widths)
            self.pair_head = head(2 * shape.pair_widths[-1], shape.head_width)

    def features(self, clouds: Tensor) -> Tensor:
        poses = self.in_all_poses(clouds)
        if not self.shape.neighbours:
            return self.pose_head(self.points(poses).amax(dim=2)).mean(dim=1)
        near = self.shape.neighbours * int(clouds.shape[1]) // self.shape.n_points
        normals, curvature = surface(clouds, max(near, LEAST_NEIGHBOURS))
        bent = curvature.unsqueeze(1).expand(-1, poses.shape[1], -1, -1)
        oriented = torch.cat([poses, self.in_all_poses(normals), bent], dim=-1)
        seen = self.pose_head(self.points(oriented).amax(dim=2)).mean(dim=1)
        if not self.shape.pair_widths:
            return seen
        pairs = self.pairs(pair_features(clouds, normals, curvature, self.shape.pairs))
        return torch.cat([seen, self.pair_head(torch.cat([pairs.amax(dim=1), pairs.mean(dim=1)], dim=-1))], dim=-1)

    def folded(self) -> PointNet:
        """The same function in evaluation mode with every batch normalisation folded into its linear layer."""
        copy = PointNet(self.shape)
        copy.load_state_dict(self.state_dict())
        copy.points = nn.Sequential(*(layer.folded() for layer in copy.points if isinstance(layer, PointLayer)))
        if self.shape.pair_widths:
            copy.pairs = nn.Sequential(*(layer.folded() for layer in copy.pairs if isinstance(layer, PointLayer)))
        return copy.eval()


PAIR_FEATURES = 6
LEAST_NEIGHBOURS = 4


def pair_features(clouds: Tensor, normals: Tensor, curvature: Tensor, pairs: int) -> Tensor:
    """(B, N * pairs, 6): distance, the three unsigned cosines between the normals and the line, their asymmetry and
    the curvature at both ends. Partners are drawn once and for all, by the rank of a point in its cloud, so which pairs
    are looked at changes a little where the cloud comes with its axes reversed."""
    features = []
    for draw in range(pairs):
        partner = torch.from_numpy(np.random.default_rng(draw).permutation(int(clouds.shape[1]))).to(clouds.device)
        line = clouds[:, partner] - clouds
        distance = line.square().sum(dim=-1, keepdim=True).clamp(min=1e-12).sqrt()
        along = line / distance
        other = normals[:, partner]
        first = (normals * along).sum(dim=-1, keepdim=True).abs()
        second = (other * along).sum(dim=-1, keepdim=True).abs()
        between = (normals * other).sum(dim=-1, keepdim=True).abs()
        bent = curvature + curvature[:, partner]
        features.append(torch.cat([distance, first, second, between, (first - second).abs(), bent], dim=-1))
    return torch.cat(features, dim=1)


def head(fan_in: int, fan_out: int) -> nn.Sequential:
    return nn.Sequential(nn.LayerNorm(fan_in), nn.Linear(fan_in, fan_out), nn.ReLU())


def shared_mlp(*widths: int) -> nn.Sequential:
    return nn.Sequential(*(PointLayer(fan_in, fan_out) for fan_in, fan_out in pairwise(widths)))


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
