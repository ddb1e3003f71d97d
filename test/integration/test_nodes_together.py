"""Both nodes from one command, a listener that is no node itself, and the latency through ROS."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from support.ros_cell import BIN_POSE, FAKE_PICKING_NODE, part_cloud, write_fake_library

from srclib_ros.ros import latency
from srclib_ros.ros.bag import write_bag
from srclib_ros.ros.latency import LatencyError, measure_latency
from srclib_ros.ros.listener import NodeDiedError, PlanListener
from srclib_ros.ros.runner import NodeProcess, ros_arguments

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def own_domain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROS_DOMAIN_ID", str(20 + os.getpid() % 80))
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def test_a_recording_is_planned_on_by_two_nodes(tmp_path: Path) -> None:
    stamps = [10**18 + index for index in range(3)]
    write_bag(tmp_path / "bag", [replace(part_cloud(), stamp_ns=stamp) for stamp in stamps])
    library = write_fake_library(tmp_path / "library")
    space = {"__ns": "/together"}
    cell = {"library": str(library), "bin.pose": BIN_POSE, "max_age_s": 0.0}
    replay = {"path": str(tmp_path / "bag"), "rate_hz": 5.0, "loop": True}
    with (
        (tmp_path / "log.txt").open("w") as log,
        PlanListener("/together") as listener,
        NodeProcess(FAKE_PICKING_NODE, ros_arguments(cell, space), output=log) as picking,
        NodeProcess("replay_node", ros_arguments(replay, space), output=log) as replaying,
    ):
        nodes = (picking, replaying)
        assert listener.listen(lambda: set(stamps) <= set(listener.plans), nodes, 20.0)
        assert listener.listen(lambda: set(stamps) <= set(listener.poses), nodes, 5.0)
    assert {listener.poses[stamp] for stamp in stamps} == {2}
    assert (picking.status, replaying.status) == (0, 0)


def test_a_listener_says_which_node_died(tmp_path: Path) -> None:
    with (
        (tmp_path / "log.txt").open("w") as log,
        PlanListener() as listener,
        NodeProcess("replay_node", ros_arguments({"stamps": "never"}), output=log) as replaying,
        pytest.raises(NodeDiedError, match="replay_node ended with status 2"),
    ):
        listener.listen(lambda: False, [replaying], 20.0)


def test_the_runner_passes_parameters_on_and_stops_at_the_first_failure() -> None:
    command = [sys.executable, "-m", "srclib_ros.ros.runner", "replay_node", "-p", "replay_node:stamps:=never"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "'never' is not one of original, now" in done.stdout + done.stderr


def test_the_runner_ends_its_nodes_with_ctrl_c(tmp_path: Path) -> None:
    write_bag(tmp_path / "bag", [part_cloud()])
    command = [sys.executable, "-m", "srclib_ros.ros.runner", "replay_node", "-p", f"path:={tmp_path / 'bag'}"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if "waiting for 1 subscriber" in line:
            break
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    process.stdout.close()


def test_latency_counts_what_was_sent_and_lost(tmp_path: Path) -> None:
    library = write_fake_library(tmp_path / "library")
    report = measure_latency(
        [part_cloud()],
        {"library": str(library), "bin.pose": BIN_POSE},
        rate_hz=20.0,
        count=6,
        warm_up=2,
        node=FAKE_PICKING_NODE,
    )
    assert report["sent"] == 6 and report["lost"] == 0
    assert 0.0 < report["median_ms"] <= report["p95_ms"]


def test_latency_without_a_node_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latency, "START_TIMEOUT_S", 4.0)
    with pytest.raises(LatencyError, match="ArtifactMissingError"):
        measure_latency([part_cloud()], {"library": str(tmp_path)}, node=FAKE_PICKING_NODE)
