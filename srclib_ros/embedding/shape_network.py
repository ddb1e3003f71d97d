"""What every encoder's network is: canonical clouds in, features, a code, and its direction as the embedding."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor, nn

# rotations by 180 degrees about x, y and z: the proper sign choices that principal axes leave open
POSE_SIGNS = ((1.0, 1.0, 1.0), (1.0, -1.0, -1.0), (-1.0, 1.0, -1.0), (-1.0, -1.0, 1.0))


class ShapeNetwork(nn.Module, ABC):
    """Canonical clouds (B, N, 3) to unit embeddings (B, dim); the same for all four poses of a principal frame.

    shape: the dataclass of its settings, `n_points` among them. dim: of the code. width: of the features.
    """

    shape: Any

    def __init__(self, width: int, dim: int) -> None:
        super().__init__()
        self.width, self.dim = width, dim
        self.embedding = nn.Linear(width, dim)
        self.register_buffer("signs", torch.tensor(POSE_SIGNS), persistent=False)

    @abstractmethod
    def features(self, clouds: Tensor) -> Tensor:
        """(B, width) of canonical clouds (B, N, 3): what the code is a linear map of."""

    def code(self, clouds: Tensor) -> Tensor:
        """(B, dim), of any length: what a decoder reads."""
        return self.embedding(self.features(clouds))

    def forward(self, clouds: Tensor) -> Tensor:
        return nn.functional.normalize(self.code(clouds), dim=-1)

    @abstractmethod
    def folded(self) -> ShapeNetwork:
        """The same function in evaluation mode, cheapest to run."""

    def in_all_poses(self, clouds: Tensor) -> Tensor:
        """(B, 4, N, 3) of (B, N, 3)."""
        return clouds.unsqueeze(1) * self.signs.view(1, 4, 1, 3)
