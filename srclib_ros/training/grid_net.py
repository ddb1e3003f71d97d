"""The grasp network in torch: small, fully convolutional, one answer for each STRIDE pixels."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from srclib_ros.grasping.network import CHANNELS, FIRST_QUALITY, PRESENCE

WIDTH = 48
BLOCKS = 5


class GridNet(nn.Module):
    """(B, CHANNELS, H, W) maps -> (B, FIRST_QUALITY + K, H / 4, W / 4), laid out as `grasping.network.Cells`.

    A cell sees some 56 pixels, three and a half diameters, around itself.
    """

    def __init__(self, candidates: int, width: int = WIDTH, blocks: int = BLOCKS) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            *_conv(CHANNELS, 16, 1),
            *_conv(16, 32, 2),
            *_conv(32, 32, 1),
            *_conv(32, width, 2),
        )
        self.trunk = nn.Sequential(*[_Residual(width) for _ in range(blocks)])
        self.head = nn.Sequential(*_conv(width, 2 * width, 1, kernel=1))
        self.cells = nn.Conv2d(2 * width, FIRST_QUALITY + candidates, 1)
        with torch.no_grad():
            self.cells.bias[PRESENCE] = -1.5

    def forward(self, maps: Tensor) -> Tensor:
        found: Tensor = self.cells(self.head(self.trunk(self.stem(maps))))
        return found


class _Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(*_conv(width, width, 1), *_conv(width, width, 1)[:-1])

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x + self.body(x))


def _conv(inputs: int, outputs: int, stride: int, kernel: int = 3) -> list[nn.Module]:
    return [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    ]
