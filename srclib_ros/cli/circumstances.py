"""What a figure depends on besides the code: seed, versions, threads and machine, for the JSON and text beside it."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

PACKAGES = ("numpy", "scipy", "onnxruntime", "open3d-cpu", "open3d", "mujoco", "torch", "scikit-learn")


def circumstances(seed: int, threads: int) -> dict[str, Any]:
    """`seed`, `version` of this package, `versions` of those installed that compute, `threads`, their environment's
    `settings`, and `machine`."""
    from srclib_ros import __version__
    from srclib_ros.ros.environment import THREAD_SETTINGS

    return {
        "seed": seed,
        "version": __version__,
        "versions": {"python": platform.python_version(), **_installed()},
        "threads": threads,
        "settings": {name: os.environ.get(name) for name in THREAD_SETTINGS},
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
    }


def told(result: Mapping[str, Any]) -> str:
    """The circumstances that are in a result, on one line."""
    versions = {"srclib_ros": result["version"], **result["versions"]}
    numbers = ", ".join(f"{name} {number}" for name, number in versions.items())
    return f"seed {result['seed']}; {result['threads']} threads; {result['machine']}; {numbers}"


def _installed() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
