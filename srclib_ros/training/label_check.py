"""Do the labels of grasp candidates tell what happens in a pile? Each is tried where its part lies.

Labels come cheap: a candidate's robustness, tried once a part, times the clearance on its way in. Here some are
compared with trials among all the other parts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from srclib_ros.geometry.mesh import PartMesh, sample_surface
from srclib_ros.geometry.transforms import apply
from srclib_ros.grasping.gripper import Gripper
from srclib_ros.grasping.object_model import ObjectModel
from srclib_ros.simulation.agreement import Agreement, agreement
from srclib_ros.simulation.cell import BIN_SIZE_M, copies_in_bin, film
from srclib_ros.simulation.pile import BinPhysics
from srclib_ros.simulation.trials import pile_trial_for
from srclib_ros.training.calibration import auroc
from srclib_ros.training.grasp_labels import rated_images
from srclib_ros.types import Matrix

VISIBLE = 0.5  # share of an instance that must be seen: the network does not speak of others
GOOD = 0.5  # a label from here on says that the grasp succeeds
SURFACE_POINTS = 3_000


@dataclass
class TriedLabels:
    """Of each grasp that physics said something of: its label, whether it succeeded, why not, and its part."""

    label: list[float] = field(default_factory=list)
    succeeded: list[bool] = field(default_factory=list)
    failure: list[str | None] = field(default_factory=list)
    part: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class LabelFigures:
    """trials: how many. auroc: how well labels order successes before failures; None where all are one. agreement: of
    labels from `GOOD` on with success. success_by_label: (low, high, trials, share that succeeds) each."""

    trials: int
    auroc: float | None
    agreement: Agreement
    success_by_label: list[tuple[float, float, int, float | None]]


def try_labels(
    mesh: PartMesh, part: ObjectModel, gripper: Gripper, piles: int, each: int, rng: np.random.Generator,
    tried: TriedLabels,
) -> None:  # fmt: skip
    """Drop `piles` piles of a part, and try `each` grasps in each, half of them with a good label, where there are.

    Raises MissingDependencyError, SimulationError.
    """
    if not len(part.candidates):
        return
    physics = BinPhysics([mesh] * copies_in_bin(mesh), BIN_SIZE_M)
    surface, _ = sample_surface(mesh, SURFACE_POINTS, np.random.default_rng(0))
    for _ in range(piles):
        poses = [T for _, T in physics.drop(rng)]
        filmed = film([(mesh, T) for T in poses], rng=rng)
        seen = np.array([placed.visible_share >= VISIBLE for placed in filmed.parts])
        if not seen.any():
            continue
        surfaces = [apply(T, surface) for T in poses]
        rated = rated_images(
            part.candidates, np.array(poses)[seen], surfaces, np.flatnonzero(seen).tolist(), gripper, BIN_SIZE_M
        )
        pile = pile_trial_for([(mesh, T) for T in poses], BIN_SIZE_M, gripper)
        for row in _chosen(rated.quality, rated.T_bin_tcp, each, rng):
            instance = int(np.flatnonzero(seen)[rated.instance[row]])
            width_m = float(part.candidates.width_m[rated.candidate[row]])
            outcome = pile.run(rated.T_bin_tcp[row], width_m, instance)
            if outcome.success is not None:
                tried.label.append(float(rated.quality[row]))
                tried.succeeded.append(outcome.success)
                tried.failure.append(None if outcome.failure is None else str(outcome.failure))
                tried.part.append(mesh.name)


def label_figures(tried: TriedLabels) -> LabelFigures:
    label, succeeded = np.array(tried.label), np.array(tried.succeeded, bool)
    both = succeeded.any() and not succeeded.all()
    edges = (0.0, 1e-9, 0.25, 0.5, 0.75, 1.0 + 1e-9)
    by_label: list[tuple[float, float, int, float | None]] = []
    for low, high in pairwise(edges):
        of = (label >= low) & (label < high)
        by_label.append((low, min(high, 1.0), int(of.sum()), float(succeeded[of].mean()) if of.any() else None))
    return LabelFigures(
        trials=len(label),
        auroc=auroc(label[succeeded], label[~succeeded]) if both else None,
        agreement=agreement(label >= GOOD, succeeded),
        success_by_label=by_label,
    )


def _chosen(quality: Matrix, T_bin_tcp: Matrix, each: int, rng: np.random.Generator) -> list[int]:
    """Rows of `each` grasps that come from above, half of them labelled good where there are so many."""
    from_above = -T_bin_tcp[:, 2, 2] > 0.0
    good = rng.permutation(np.flatnonzero(from_above & (quality >= GOOD)))[: each - each // 2]
    poor = rng.permutation(np.flatnonzero(from_above & (quality < GOOD)))[: each - len(good)]
    return [*good.tolist(), *poor.tolist()]
