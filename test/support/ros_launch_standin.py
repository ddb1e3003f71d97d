"""As much of `launch` and `launch_ros` as the launch files use; neither is on PyPI.

Actions remember how they were made, substitutions perform to strings.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import srclib_ros

SHARE = Path(srclib_ros.__file__).resolve().parents[1]


class Made:
    """An action: its positional and keyword arguments."""

    def __init__(self, *args: Any, **given: Any) -> None:
        self.args = args
        self.given = given


class DeclareLaunchArgument(Made):
    @property
    def name(self) -> str:
        return str(self.args[0])


class OpaqueFunction(Made):
    pass


class Node(Made):
    pass


class LifecycleNode(Node):
    pass


class LaunchDescription:
    def __init__(self, entities: Sequence[Any]) -> None:
        self.entities = list(entities)


class LaunchConfiguration:
    def __init__(self, name: str) -> None:
        self.name = name

    def perform(self, context: Mapping[str, str]) -> str:
        return context[self.name]


class FindPackageShare:
    def __init__(self, package: str) -> None:
        assert package == "srclib_ros"

    def perform(self, context: Mapping[str, str]) -> str:
        return str(SHARE)


class PathJoinSubstitution:
    def __init__(self, parts: Sequence[Any]) -> None:
        self.parts = parts

    def perform(self, context: Mapping[str, str]) -> str:
        return str(Path(*(part if isinstance(part, str) else part.perform(context) for part in self.parts)))


class PythonLaunchDescriptionSource(Made):
    pass


MODULES: dict[str, dict[str, Any]] = {
    "launch": {"LaunchDescription": LaunchDescription, "LaunchContext": dict},
    "launch.actions": {
        "DeclareLaunchArgument": DeclareLaunchArgument,
        "IncludeLaunchDescription": Made,
        "OpaqueFunction": OpaqueFunction,
        "SetEnvironmentVariable": Made,
    },
    "launch.conditions": {"IfCondition": Made},
    "launch.launch_description_sources": {"PythonLaunchDescriptionSource": PythonLaunchDescriptionSource},
    "launch.substitutions": {
        "LaunchConfiguration": LaunchConfiguration,
        "PathJoinSubstitution": PathJoinSubstitution,
    },
    "launch_ros": {},
    "launch_ros.actions": {"LifecycleNode": LifecycleNode, "Node": Node},
    "launch_ros.parameter_descriptions": {"ParameterValue": Made},
    "launch_ros.substitutions": {"FindPackageShare": FindPackageShare},
}


@contextmanager
def installed() -> Iterator[None]:
    before = {name: sys.modules.get(name) for name in MODULES}
    for name, content in MODULES.items():
        module = types.ModuleType(name)
        module.__dict__.update(content)
        sys.modules[name] = module
    try:
        yield
    finally:
        for name, module_before in before.items():
            if module_before is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module_before
