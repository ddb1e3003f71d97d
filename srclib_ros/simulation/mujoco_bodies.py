"""What every MuJoCo model here needs: a part's mass on its body, and a look at whether the physics held."""

from __future__ import annotations

from typing import Any

from srclib_ros.geometry.inertia import DENSITY_KG_M3, Inertia


def weigh(body: Any, mass: Inertia, density_kg_m3: float = DENSITY_KG_M3) -> None:
    """Give a body of an `MjSpec`, made with `explicitinertial`, the part's mass."""
    body.mass = density_kg_m3 * mass.volume_m3
    body.ipos = mass.centre
    body.fullinertia = density_kg_m3 * mass.tensor[[0, 1, 2, 0, 0, 1], [0, 1, 2, 1, 2, 2]]


def has_diverged(mujoco: Any, data: Any) -> bool:
    """MuJoCo starts all over, in silence, when a state is not finite."""
    warning = mujoco.mjtWarning
    kinds = (warning.mjWARN_BADQPOS, warning.mjWARN_BADQVEL, warning.mjWARN_BADQACC)
    return any(data.warning[kind].number for kind in kinds)
