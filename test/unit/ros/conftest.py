"""Tests of the ROS side want rclpy, and the Fast DDS profile before the first context: it is read once a process."""

from __future__ import annotations

from importlib.util import find_spec

from srclib_ros.ros.environment import prepare_environment

if find_spec("rclpy") is None:
    collect_ignore_glob = ["test_*.py"]
else:
    prepare_environment()
