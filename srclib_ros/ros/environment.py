"""What has to stand in the environment before rclpy.init()."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path

PROFILE_VARIABLES = ("FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE")


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

    What the user has set stays. The profile's variable has one name on Kilted and another on Jazzy.
    """
    if find_spec("ros_wheels_bootstrapper") is not None:
        os.environ.setdefault("AMENT_PREFIX_PATH", sys.prefix)
    profile = str(share_folder() / "config" / "fastdds.xml")
    for variable in PROFILE_VARIABLES:
        os.environ.setdefault(variable, profile)
