"""What a figure depends on besides the code: seed, versions, threads and machine, for the JSON beside it."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

PACKAGES = ("numpy", "scipy", "onnxruntime", "open3d-cpu", "open3d", "mujoco", "torch", "scikit-learn")


def circumstances(seed: int, threads: int) -> dict[str, Any]:
    """`seed`, `version` of this package, `versions` of those installed that compute, `threads` and `machine`."""
    import os

    from srclib_ros import __version__

    return {
        "seed": seed,
        "version": __version__,
        "versions": {"python": platform.python_version(), **_installed()},
        "threads": threads,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
    }


def _installed() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
