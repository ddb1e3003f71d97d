"""Where one frame lies in another: from the `extrinsics` parameter, then from tf2 where it is installed.

A transform that cannot be had is TransformError, never identity.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
from rclpy.duration import Duration
from rclpy.time import Time

from srclib_ros.errors import ConfigError, TransformError
from srclib_ros.geometry.transforms import invert, pose7_to_matrix
from srclib_ros.ros.convert import transform_to_matrix
from srclib_ros.types import Matrix

Extrinsics = dict[str, dict[str, Matrix]]


def parse_extrinsics(text: str) -> Extrinsics:
    """{parent: {child: T_parent_child}}, both ways round, from 'parent child x y z qx qy qz qw; ...'.

    Raises TransformError.
    """
    edges: Extrinsics = {}
    for entry in filter(None, (part.split() for part in text.split(";"))):
        try:
            parent, child, *numbers = entry
            T_parent_child = pose7_to_matrix([float(number) for number in numbers])
        except (ValueError, ConfigError) as error:
            raise TransformError(
                f"{' '.join(entry)!r} is not 'parent child x y z qx qy qz qw' ({error}); separate several by ';'"
            ) from error
        if parent == child:
            raise TransformError(f"{parent!r} is its own parent; name two frames")
        edges.setdefault(parent, {})[child] = T_parent_child
        edges.setdefault(child, {})[parent] = invert(T_parent_child)
    return edges


def chain(edges: Extrinsics, target: str, source: str) -> Matrix | None:
    """T_target_source along the shortest chain of extrinsics, None when they do not connect the two."""
    found = {target: np.eye(4)}
    waiting = deque([target])
    while waiting:
        frame = waiting.popleft()
        if frame == source:
            return found[frame]
        for neighbour, T_frame_neighbour in edges.get(frame, {}).items():
            if neighbour not in found:
                found[neighbour] = found[frame] @ T_frame_neighbour
                waiting.append(neighbour)
    return None


class Frames:
    """Looks transforms up for one node; tf2 is listened to where it can be imported."""

    def __init__(self, node: Any) -> None:
        self._buffer: Any = None
        self._listener: Any = None
        try:
            import tf2_ros
        except ImportError:
            return
        self._buffer = tf2_ros.Buffer()
        self._listener = tf2_ros.TransformListener(self._buffer, node)

    @property
    def has_tf2(self) -> bool:
        return self._buffer is not None

    def lookup(self, target: str, source: str, stamp_ns: int, extrinsics: Extrinsics, timeout_s: float) -> Matrix:
        """T_target_source at the cloud's stamp. Raises TransformError."""
        if target == source:
            return np.eye(4)
        T_target_source = chain(extrinsics, target, source)
        if T_target_source is not None:
            return T_target_source
        known = ", ".join(sorted(extrinsics)) or "nothing"
        if self._buffer is None:
            raise TransformError(
                f"no way from {source!r} to {target!r}: tf2 is not installed here and `extrinsics` connects {known}; "
                f"set extrinsics to '{target} {source} x y z qx qy qz qw'"
            )
        import tf2_ros

        try:
            found = self._buffer.lookup_transform(
                target, source, Time(nanoseconds=stamp_ns), timeout=Duration(seconds=timeout_s)
            )
        except tf2_ros.TransformException as error:
            raise TransformError(
                f"no way from {source!r} to {target!r} at the cloud's stamp within {timeout_s} s: {error}; "
                f"`extrinsics` connects {known}"
            ) from error
        return transform_to_matrix(found.transform)
