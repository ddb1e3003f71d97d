"""Which entries of a library a new part's network may start from."""

from __future__ import annotations

from pathlib import Path

from srclib_ros.artifact import read_json, resolve_inside
from srclib_ros.grasping.model import CONFIG
from srclib_ros.library.store import Library


def sources_for(library: Library, gripper: str) -> list[str]:
    """Names of the entries whose network grasps with the gripper of this name."""

    def grasps_with(name: str) -> str:
        return str(read_json(resolve_inside(library.model_folder(name), CONFIG)).get("gripper"))

    names = [entry.name for entry in library.entries if entry.model is not None]
    return [name for name in names if grasps_with(name) == gripper]


def pooled_over(folder: Path) -> list[str]:
    """Names of the entries whose scenes the pooled network in this folder was trained on."""
    return [str(name) for name in read_json(folder / CONFIG).get("training", {}).get("sources", [])]
