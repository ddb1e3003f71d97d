"""What starting from a source has gained: two short trainings on the same scenes, judged in the same piles.

It is what a library's history keeps of a start, and what gains are foretold by.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from srclib_ros.config import PipelineConfig
from srclib_ros.errors import SimulationError
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.grasping.object_model import ObjectModel
from srclib_ros.training.fit_grasp_network import Scenes, fit_grasp_network
from srclib_ros.training.grasp_schedule import GraspSchedule
from srclib_ros.training.grid_net import GridNet
from srclib_ros.training.part_piles import PartPile, part_piles
from srclib_ros.training.precision_watch import PrecisionWatch
from srclib_ros.training.progress import Progress, silent
from srclib_ros.training.start import MODES
from srclib_ros.training.warm_start import WarmStart
from srclib_ros.types import Matrix

BUDGET, EVALUATE_EVERY = 450, 15  # steps
SCENES = 144
PILES, PILES_SEED = 12, 3_000_000
Curve = Sequence[Sequence[float]]
"""[step, average precision] of each look."""


def judged_in(mesh: PartMesh, seed: int) -> list[PartPile]:
    """The piles of the part in which its networks are judged. Raises SimulationError."""
    rng = np.random.default_rng((seed, PILES_SEED))
    piles = [pile for pile in part_piles(mesh, PILES, rng, PipelineConfig()) if pile is not None]
    if not piles:
        raise SimulationError(f"{mesh.name}: none of {PILES} piles came to rest, and no network can be judged in one")
    return piles


def learning_curve(
    part: ObjectModel,
    scenes: Scenes,
    piles: Sequence[PartPile],
    seed: int,
    start: GridNet | None = None,
    steps: int = BUDGET,
    mode: str = "all",
    progress: Progress = silent,
) -> list[list[float]]:
    """A `Curve` of a training from `start`, None: from random weights. mode: which layers learn, of `start.MODES`.
    Raises TrainingError."""
    schedule = GraspSchedule(steps=steps, evaluate_every=EVALUATE_EVERY, patience=steps, frozen=MODES[mode])
    watch = PrecisionWatch(part, piles, PipelineConfig())
    fitted = fit_grasp_network(part, scenes, watch, schedule, seed, progress=progress, start=start)
    return [[int(step), round(float(precision), 4)] for step, _, precision in fitted.curve]


def true_gain(
    part: ObjectModel,
    start: WarmStart,
    scenes: Scenes,
    piles: Sequence[PartPile],
    seed: int,
    progress: Progress = silent,
) -> float:
    """Area under the curve from `start`, all layers learning, less that from scratch. part: the same as that of the
    start, in any frame. Raises TrainingError."""
    began = learning_curve(start.part, scenes, piles, seed, start.network, progress=progress)
    return area(began) - area(learning_curve(part, scenes, piles, seed, progress=progress))


def area(curve: Curve) -> float:
    """Mean precision over the steps, by trapezes; a curve without a look at step 0 begins at nothing."""
    steps, precision = from_nothing(curve)
    return float(np.trapezoid(precision, steps) / steps[-1])


def from_nothing(curve: Curve) -> tuple[Matrix, Matrix]:
    """Steps and precisions (E,); a curve without a look at step 0 begins at nothing."""
    steps, precision = np.asarray(curve, np.float64).T
    if steps[0] > 0:
        steps, precision = np.append(0.0, steps), np.append(0.0, precision)
    return steps, precision
