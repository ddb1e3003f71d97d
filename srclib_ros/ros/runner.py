"""Starts nodes where there is no `ros2 launch`: each in a process of its own, all stopped together.

    python -m srclib_ros.ros.runner picking_node replay_node --params-file cell.yaml \\
        -p picking_node:mode:=continuous -p replay_node:path:=bag -r points:=/camera/points

Everything after the names of the nodes is passed to each of them behind `--ros-args`.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from srclib_ros.ros.environment import THREAD_SETTINGS

NODES = {
    "picking_node": "srclib_ros.ros.picking_node",
    "replay_node": "srclib_ros.ros.replay_node",
}


def ros_arguments(
    parameters: Mapping[str, Any] | None = None,
    remaps: Mapping[str, str] | None = None,
    params_file: Path | None = None,
) -> list[str]:
    """What follows `--ros-args`, values written as YAML flow; empty tuples are left out, as ROS cannot type them."""
    arguments = ["--params-file", str(params_file)] if params_file is not None else []
    for name, value in (parameters or {}).items():
        if value != ():
            arguments += ["-p", f"{name}:={_as_yaml(value)}"]
    for old, new in (remaps or {}).items():
        arguments += ["-r", f"{old}:={new}"]
    return arguments


def _as_yaml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(repr(float(number)) for number in value) + "]"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return repr(float(value)) if isinstance(value, float) else str(value)


class NodeProcess:
    """One node in its own process; leaving the `with` block ends it as Ctrl-C would."""

    def __init__(
        self,
        node: str,
        ros_args: Sequence[str] = (),
        *,
        output: IO[Any] | int | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """node: a key of `NODES`, or the path of a script that runs one. output: where its stdout and stderr go."""
        target = ["-m", NODES[node]] if node in NODES else [node]
        self.name = node
        self.process = subprocess.Popen(
            [sys.executable, *target, "--ros-args", *ros_args],
            stdout=output,
            stderr=subprocess.STDOUT if output is not None else None,
            env=THREAD_SETTINGS | dict(os.environ if environment is None else environment),
        )

    def __enter__(self) -> NodeProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def status(self) -> int | None:
        """Exit status, None while it runs."""
        return self.process.poll()

    def stop(self, patience_s: float = 10.0) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(patience_s)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def run_together(nodes: Iterable[str], ros_args: Sequence[str]) -> int:
    """Run until Ctrl-C, until one node fails, or until all have ended. Returns the first status that is not 0.

    SIGTERM ends it as Ctrl-C does, and so does SIGINT where a shell has put the runner into the background.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    with contextlib.ExitStack() as stack:
        running = [stack.enter_context(NodeProcess(node, ros_args)) for node in nodes]
        try:
            while any(node.status is None for node in running):
                failed = next((node for node in running if node.status), None)
                if failed is not None:
                    return failed.status or 0
                time.sleep(0.1)
        except KeyboardInterrupt:
            return 0
    return next((node.status for node in running if node.status), 0)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m srclib_ros.ros.runner",
        description="Starts nodes where there is no `ros2 launch`, each in a process of its own.",
        epilog="Example: ... picking_node --params-file cell.yaml -p picking_node:library:=lib -r points:=/cam/points",
    )
    parser.add_argument("nodes", nargs="+", choices=sorted(NODES), metavar="NODE", help=", ".join(sorted(NODES)))
    parser.add_argument("--params-file", type=Path, help="ROS parameter file")
    parser.add_argument("-p", action="append", default=[], metavar="NODE:NAME:=VALUE", help="a parameter of one node")
    parser.add_argument("-r", action="append", default=[], metavar="FROM:=TO", help="a remapped topic or service")
    options = parser.parse_args(argv)
    ros_args = ros_arguments(params_file=options.params_file)
    for flag, values in (("-p", options.p), ("-r", options.r)):
        ros_args += [item for value in values for item in (flag, value)]
    return run_together(options.nodes, ros_args)


if __name__ == "__main__":
    sys.exit(main())
