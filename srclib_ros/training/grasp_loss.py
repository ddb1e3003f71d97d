"""The loss of the grasp network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from srclib_ros.grasping.network import ERROR, FIRST_QUALITY, HYPOTHESES, OFFSET, PRESENCE, ROTATION, VISIBILITY
from srclib_ros.grasping.object_model import ObjectModel
from srclib_ros.training.grasp_targets import Example

WEIGHTS = {"presence": 1.0, "visibility": 0.3, "offset": 4.0, "rotation": 3.0, "error": 1.0, "quality": 1.0}
_ISOTROPIC = 0.01  # keeps the turn about a slender part's own axis from vanishing from the loss
_LOSERS = 0.05  # share of the rotation loss that hypotheses get which are not the nearest


class GraspLoss:
    """Presence where it counts, everything else where a part is; rotations modulo the part's symmetry group.

    The rotation loss is the distance of Bregier et al. (arXiv 1612.04631) between rotations, its minimum taken over
    the symmetry group and over the hypotheses of a cell (winner takes most).
    """

    def __init__(self, part: ObjectModel, device: torch.device | str = "cpu") -> None:
        moments = part.inertia + _ISOTROPIC * np.eye(3)
        self._spread = 2.0 * float(np.trace(moments))
        symmetric = part.symmetry[:, :3, :3] @ moments
        self._R_canonical_object = torch.from_numpy(part.R_canonical_object.astype(np.float32)).to(device)
        self._symmetric = torch.from_numpy(symmetric.astype(np.float32)).to(device)

    def __call__(self, cells: Tensor, examples: Sequence[Example]) -> dict[str, Tensor]:
        """Weighted terms of cells (B, C, h, w) for B examples; their sum is the loss."""
        presence = torch.from_numpy(np.stack([example.presence for example in examples])).to(cells.device)
        counts = presence >= 0.0
        logits = cells[:, PRESENCE]
        terms = {"presence": functional.binary_cross_entropy_with_logits(logits[counts], presence[counts])}
        batch = np.repeat(np.arange(len(examples)), [len(example.cell) for example in examples])
        if not len(batch):
            return terms
        where = np.concatenate([example.cell for example in examples])
        index = (torch.from_numpy(batch).to(cells.device), *torch.from_numpy(where.T.copy()).to(cells.device))
        found = cells.permute(0, 2, 3, 1)[index]
        offset, rotation, visibility, quality = (
            torch.from_numpy(np.concatenate([getattr(example, name) for example in examples])).to(cells.device)
            for name in ("offset", "rotation", "visibility", "quality")
        )
        apart = functional.smooth_l1_loss(found[:, OFFSET], offset, beta=0.05, reduction="none").sum(1)
        turn = self.rotation_distance(found[:, ROTATION], rotation)
        nearest = turn.min(dim=1).values
        expected = functional.softplus(found[:, ERROR])
        actual = torch.sqrt(turn.detach() ** 2 + ((found[:, OFFSET] - offset).detach() ** 2).sum(1, keepdim=True))
        terms["offset"] = apart.mean()
        terms["rotation"] = ((1.0 - _LOSERS) * nearest + _LOSERS * turn.mean(dim=1)).mean()
        terms["error"] = (expected - actual).abs().mean()
        terms["visibility"] = functional.binary_cross_entropy_with_logits(found[:, VISIBILITY], visibility)
        if quality.shape[1]:
            terms["quality"] = functional.binary_cross_entropy_with_logits(found[:, FIRST_QUALITY:], quality)
        return {name: WEIGHTS[name] * value for name, value in terms.items()}

    def rotation_distance(self, six: Tensor, rotation: Tensor) -> Tensor:
        """(P, HYPOTHESES) distances in diameters of the hypotheses `six` (P, 6 * HYPOTHESES) to rotation (P, 3, 3)."""
        columns = six.reshape(-1, HYPOTHESES, 2, 3)
        x = functional.normalize(columns[:, :, 0], dim=-1)
        y = columns[:, :, 1]
        y = functional.normalize(y - (x * y).sum(-1, keepdim=True) * x, dim=-1)
        predicted = torch.stack([x, y, torch.linalg.cross(x, y)], dim=-1) @ self._R_canonical_object
        equivalents = torch.einsum("pij,gjk->pgik", rotation, self._symmetric)
        agreement = torch.einsum("phij,pgij->phg", predicted, equivalents).max(dim=2).values
        return torch.sqrt(torch.clamp(self._spread - 2.0 * agreement, min=0.0) + 1e-4)
