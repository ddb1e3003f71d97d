"""Do trials tell the same of a grasp in two engines, at another time step, and when the hand stands a little elsewhere?

Asked of grasps near the limit of force; where force is plenty everything holds, and agreement means nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.grasping.candidates import generate_candidates
from srclib_ros.grasping.gripper import Gripper
from srclib_ros.simulation.bullet_hand import BulletHand
from srclib_ros.simulation.hand import Hand
from srclib_ros.simulation.motion import LIFT_M, LIFT_S
from srclib_ros.simulation.trial import G_M_S2, GraspTrial, nudged

FRICTION = 0.3
FORCE = (0.8, 8.0)  # times the least that carries the part's weight on the way up
CANDIDATES = 64
HALF_STEP_S = 0.001
Labels = npt.NDArray[np.bool_]


@dataclass
class Trials:
    """What was said of each grasp. quality: the share of MuJoCo's nudged trials that were stable. The others: was the
    one trial stable, or in the end still in the hand (`lifted`)?"""

    quality: list[float] = field(default_factory=list)
    mujoco: list[bool] = field(default_factory=list)
    bullet: list[bool] = field(default_factory=list)
    half_step: list[bool] = field(default_factory=list)
    nudged: list[bool] = field(default_factory=list)
    mujoco_lifted: list[bool] = field(default_factory=list)
    bullet_lifted: list[bool] = field(default_factory=list)


@dataclass(frozen=True)
class Agreement:
    """grasps: compared. kept: their share of all. same: share told alike. kappa: Cohen's, 1 alike, 0 by chance; None
    where one side says the same of all."""

    grasps: int
    kept: float
    same: float
    kappa: float | None


def agreements(trials: Trials) -> dict[str, Agreement]:
    """Between MuJoCo and Bullet, of stable, of unanimous stable and of lifted; and of MuJoCo with itself."""
    quality = np.array(trials.quality)
    unanimous = (quality == 0.0) | (quality == 1.0)
    mujoco, bullet = np.array(trials.mujoco), np.array(trials.bullet)
    return {
        "engines": agreement(mujoco, bullet),
        "engines, unanimous": agreement(quality == 1.0, bullet, unanimous),
        "engines, lifted": agreement(np.array(trials.mujoco_lifted), np.array(trials.bullet_lifted)),
        "half the time step": agreement(mujoco, np.array(trials.half_step)),
        "nudged": agreement(mujoco, np.array(trials.nudged)),
    }


def agreement(first: Labels, second: Labels, asked: Labels | None = None) -> Agreement:
    """Of two labels (N,) of the same grasps, those `asked` for."""
    of = np.ones(len(first), bool) if asked is None else asked
    a, b = first[of], second[of]
    if not len(a):
        return Agreement(0, 0.0, 0.0, None)
    same = float((a == b).mean())
    chance = float(a.mean() * b.mean() + (1.0 - a.mean()) * (1.0 - b.mean()))
    kappa = None if chance == 1.0 else (same - chance) / (1.0 - chance)
    return Agreement(len(a), float(of.mean()), same, kappa)


def try_grasps(part: PartMesh, gripper: Gripper, count: int, rng: np.random.Generator, trials: Trials) -> int:
    """Try `count` of the part's grasps in every way, each with another closing force; returns how many there were.

    gripper: its friction and force are replaced. Raises MissingDependencyError without PyBullet.
    """
    found = generate_candidates(part, gripper, rng, CANDIDATES)
    slippery = replace(gripper, friction=FRICTION)
    lift_m_s2 = LIFT_M / LIFT_S**2 * 10.0 / np.sqrt(3.0)
    least_n = GraspTrial(part, slippery).part_mass_kg * (G_M_S2 + lift_m_s2) / (2.0 * FRICTION)
    chosen: Sequence[int] = rng.permutation(len(found))[:count].tolist()
    for row in chosen:
        hand = replace(slippery, force_n=least_n * float(np.exp(rng.uniform(*np.log(FORCE)))))
        T, width_m = found.T_object_tcp[row], float(found.width_m[row])
        mujoco, bullet = GraspTrial(part, hand), GraspTrial(part, hand, engine=BulletHand)
        half_step = GraspTrial(part, hand, engine=partial(Hand, step_s=HALF_STEP_S))
        here, there = mujoco.run(T, width_m), bullet.run(T, width_m)
        trials.quality.append(mujoco.quality(T, width_m, rng)[0])
        trials.mujoco.append(here.stable)
        trials.bullet.append(there.stable)
        trials.mujoco_lifted.append(here.lifted)
        trials.bullet_lifted.append(there.lifted)
        trials.half_step.append(half_step.run(T, width_m).stable)
        trials.nudged.append(mujoco.run(nudged(T, rng), width_m).stable)
    return len(chosen)
