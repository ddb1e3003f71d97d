"""Normals and curvature of clouds, in closed form, so that the encoder's graph works them out by itself. Torch."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from srclib_ros.embedding.distances import squared_distances


def surface(clouds: Tensor, neighbours: int) -> tuple[Tensor, Tensor]:
    """normals (B, N, 3), unit, and curvature (B, N, 1) of canonical clouds (B, N, 3); no gradient.

    A normal is the least principal axis of a point's neighbours, turned away from the cloud's centroid; curvature is
    the share of the neighbours' spread along it (Pauly, Gross and Kobbelt, IEEE Vis 2002), 0 on a plane.
    """
    with torch.no_grad():
        nearest = squared_distances(clouds, clouds).topk(neighbours, dim=2, largest=False).indices
        batch, points, _ = clouds.shape
        near = clouds.gather(1, nearest.flatten(1).unsqueeze(-1).expand(-1, -1, 3)).view(batch, points, neighbours, 3)
        near = near - near.mean(dim=2, keepdim=True)
        normals, least, total = least_axis(near.transpose(2, 3) @ near)
        outward = (normals * clouds).sum(dim=-1, keepdim=True) >= 0.0
        return torch.where(outward, normals, -normals), (least / total.clamp(min=1e-9)).unsqueeze(-1)


def least_axis(scatter: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Unit eigenvector (..., 3) of the least eigenvalue of symmetric (..., 3, 3), that eigenvalue, and their sum.

    The eigenvalues in closed form (Smith, CACM 1961); the vector is the longest cross product of two rows of
    scatter - eigenvalue, which are all orthogonal to it.
    """
    xx, yy, zz = scatter[..., 0, 0], scatter[..., 1, 1], scatter[..., 2, 2]
    xy, xz, yz = scatter[..., 0, 1], scatter[..., 0, 2], scatter[..., 1, 2]
    total = xx + yy + zz
    mean = total / 3.0
    a, b, c = xx - mean, yy - mean, zz - mean
    radius = ((a * a + b * b + c * c + 2.0 * (xy * xy + xz * xz + yz * yz)) / 6.0).clamp(min=1e-18).sqrt()
    determinant = a * (b * c - yz * yz) - xy * (xy * c - yz * xz) + xz * (xy * yz - b * xz)
    angle = torch.acos((determinant / (2.0 * radius**3)).clamp(-1.0, 1.0)) / 3.0
    least = mean + 2.0 * radius * torch.cos(angle + 2.0 * math.pi / 3.0)
    rows = (
        torch.stack([xx - least, xy, xz], dim=-1),
        torch.stack([xy, yy - least, yz], dim=-1),
        torch.stack([xz, yz, zz - least], dim=-1),
    )
    crossed = torch.stack([_cross(rows[0], rows[1]), _cross(rows[0], rows[2]), _cross(rows[1], rows[2])], dim=-2)
    longest = crossed.square().sum(dim=-1).argmax(dim=-1)
    axis = crossed.gather(-2, longest[..., None, None].expand(*longest.shape, 1, 3)).squeeze(-2)
    return torch.nn.functional.normalize(axis, dim=-1), least.clamp(min=0.0), total


def _cross(a: Tensor, b: Tensor) -> Tensor:
    (ax, ay, az), (bx, by, bz) = a.unbind(-1), b.unbind(-1)
    return torch.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], dim=-1)
