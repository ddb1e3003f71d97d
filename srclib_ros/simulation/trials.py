"""Which trial tries the grasps of a gripper: both kinds are asked in the same way, and both say `stable`."""

from __future__ import annotations

from srclib_ros.geometry.inertia import DENSITY_KG_M3
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.grasping.gripper import Gripper
from srclib_ros.grasping.suction.cup import SuctionCup
from srclib_ros.simulation.suction_trial import SuctionTrial
from srclib_ros.simulation.trial import GraspTrial


def trial_for(part: PartMesh, gripper: Gripper, density_kg_m3: float = DENSITY_KG_M3) -> GraspTrial | SuctionTrial:
    """Physics for a jaw, the quasi-static trial for a cup. Raises MissingDependencyError, SimulationError."""
    if isinstance(gripper, SuctionCup):
        return SuctionTrial(part, gripper, density_kg_m3)
    return GraspTrial(part, gripper, density_kg_m3)
