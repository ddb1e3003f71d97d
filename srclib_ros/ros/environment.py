"""What has to stand in the environment before rclpy.init()."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from srclib_ros.errors import ConfigError

THREAD_SETTINGS = {
    "OMP_WAIT_POLICY": "PASSIVE",
    "GOMP_SPINCOUNT": "0",
    "OMP_NUM_THREADS": "2",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_MMAP_THRESHOLD_": "1073741824",
    "MALLOC_TRIM_THRESHOLD_": "2147483648",
    "MALLOC_TOP_PAD_": "268435456",
}
"""What has to stand in a planning process's environment before Python starts: threads that sleep while they wait, and
memory that is kept. A second thread of OpenBLAS gains nothing on products this small, and spins on a core of its own.
"""


def share_folder() -> Path:
    """Where launch/, config/ and their kin lie: the source tree, else share/srclib_ros of the installation.

    Raises FileNotFoundError.
    """
    source_tree = Path(__file__).resolve().parents[2]
    prefixes = os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep)
    installed = [Path(prefix) / "share" / "srclib_ros" for prefix in (*filter(None, prefixes), sys.prefix)]
    for folder in (source_tree, *installed):
        if (folder / "config" / "fastdds.xml").is_file():
            return folder
    raise FileNotFoundError("config/fastdds.xml of srclib_ros: install the package with pip or colcon")


def prepare_environment() -> None:
    """The Fast DDS profile that lets large clouds through, and the prefix that finds share folders of the wheels.

    What the user has set stays.
    """
    if find_spec("ros_wheels_bootstrapper") is not None:
        os.environ.setdefault("AMENT_PREFIX_PATH", sys.prefix)
    profile = str(share_folder() / "config" / "fastdds.xml")
    for variable in profile_variables():
        os.environ.setdefault(variable, profile)


def start_ros(args: Sequence[str] | None) -> None:
    """Prepare the environment and initialise rclpy. Raises ConfigError for ROS arguments that it cannot take."""
    import rclpy

    prepare_environment()
    try:
        rclpy.init(args=args)
    except RuntimeError as error:
        raise ConfigError(f"ROS arguments: {error}; see that each file named after --params-file is there") from error


def profile_variables() -> tuple[str, ...]:
    """The names of the variable that Fast DDS reads: the old one up to Jazzy, while Kilted warns of it."""
    new, old = "FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE"
    try:
        kilted_or_later = int(version("rclpy").split(".")[0]) >= 9
    except (PackageNotFoundError, ValueError):
        kilted_or_later = False
    return (new,) if kilted_or_later else (new, old)
