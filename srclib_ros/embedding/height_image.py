"""A convolutional network over the height image of a cloud. Torch."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from srclib_ros.embedding.preprocess import PRINCIPAL
from srclib_ros.embedding.shape_network import ShapeNetwork

REACH = 2.2  # half the image's side, in the cloud's radius: a long rod reaches 1.7


@dataclass(frozen=True)
class HeightImageShape:
    """channels: of the convolutions, each of which halves the image. pixels: its side. n_points: of a cloud."""

    channels: tuple[int, ...] = (32, 64, 128)
    pixels: int = 32
    width: int = 192
    dim: int = 96
    n_points: int = 256
    frame: str = PRINCIPAL


class HeightImageNet(ShapeNetwork):
    """Looks at the cloud along its shortest principal axis: convolutions over height and occupancy, all four poses."""

    def __init__(self, shape: HeightImageShape) -> None:
        super().__init__(shape.width, shape.dim)
        self.shape = shape
        widths = (2, *shape.channels)
        layers: list[nn.Module] = []
        for fan_in, fan_out in zip(widths, shape.channels, strict=False):
            layers += [nn.Conv2d(fan_in, fan_out, 3, stride=2, padding=1), nn.BatchNorm2d(fan_out), nn.ReLU()]
        self.convolutions = nn.Sequential(*layers)
        side = shape.pixels // 2 ** len(shape.channels)
        self.head = nn.Sequential(nn.Linear(shape.channels[-1] * side * side, shape.width), nn.ReLU())

    def features(self, clouds: Tensor) -> Tensor:
        poses = self.in_all_poses(clouds)
        images = height_image(poses.flatten(0, 1), self.shape.pixels)
        return self.head(self.convolutions(images).flatten(1)).unflatten(0, (-1, poses.shape[1])).mean(dim=1)

    def folded(self) -> HeightImageNet:
        """The same function for export; ONNX Runtime folds the normalisation by itself."""
        return self.eval()


def height_image(clouds: Tensor, pixels: int) -> Tensor:
    """(B, 2, pixels, pixels): mean height of the points of each pixel, and how many, squashed below 1.

    clouds: (B, N, 3) canonical; x and y span the image, z is the height. Each point is shared out bilinearly, so
    that the image is two matrix products and has a gradient.
    """
    centres = torch.linspace(-REACH, REACH, pixels, device=clouds.device)
    pitch = centres[1] - centres[0]
    x, y = ((1.0 - (clouds[:, :, axis, None] - centres).abs() / pitch).clamp(min=0.0) for axis in (0, 1))
    count = y.transpose(1, 2) @ x
    height = y.transpose(1, 2) @ (x * clouds[:, :, 2:3])
    return torch.stack([height / count.clamp(min=1e-3), count / (1.0 + count)], dim=1)
