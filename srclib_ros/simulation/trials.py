"""Which trial tries the grasps of a gripper, of a part alone and in a pile: both kinds are asked in the same way."""

from __future__ import annotations

from collections.abc import Sequence

from srclib_ros.geometry.inertia import DENSITY_KG_M3
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.grasping.gripper import Gripper
from srclib_ros.grasping.suction.cup import SuctionCup
from srclib_ros.simulation.pile_trial import PileTrial
from srclib_ros.simulation.pile_trial_cup import CupPileTrial
from srclib_ros.simulation.pile_trial_jaw import JawPileTrial
from srclib_ros.simulation.suction_trial import SuctionTrial
from srclib_ros.simulation.trial import GraspTrial
from srclib_ros.types import Matrix


def trial_for(part: PartMesh, gripper: Gripper, density_kg_m3: float = DENSITY_KG_M3) -> GraspTrial | SuctionTrial:
    """Of a part alone: physics for a jaw, the quasi-static trial for a cup. Both say `stable`. Raises
    MissingDependencyError, SimulationError."""
    if isinstance(gripper, SuctionCup):
        return SuctionTrial(part, gripper, density_kg_m3)
    return GraspTrial(part, gripper, density_kg_m3)


def pile_trial_for(
    parts: Sequence[tuple[PartMesh, Matrix]], bin_size_m: tuple[float, float, float], gripper: Gripper
) -> PileTrial:
    """In a pile, in physics. parts: (part, T_bin_object) each. bin_size_m: inner length, width, height. Raises
    MissingDependencyError, SimulationError."""
    if isinstance(gripper, SuctionCup):
        return CupPileTrial(parts, bin_size_m, gripper)
    return JawPileTrial(parts, bin_size_m, gripper)
