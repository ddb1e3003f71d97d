"""The executor: what may wait for a plan holds nobody up."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import pytest

rclpy = pytest.importorskip("rclpy")

from rclpy.node import Node

from srclib_ros.ros.environment import prepare_environment
from srclib_ros.ros.executor import MayWait, NodeExecutor

PATIENCE_S = 20.0


@pytest.fixture
def node() -> Iterator[Node]:
    prepare_environment()
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=20 + os.getpid() % 80)
    made = Node("spun", context=context)
    yield made
    made.destroy_node()
    rclpy.try_shutdown(context=context)


def spin_until(executor: NodeExecutor, done: threading.Event) -> bool:
    """Spin a thousand callbacks at most."""
    for _ in range(1000):
        if done.is_set():
            return True
        executor.spin_once(timeout_sec=PATIENCE_S / 1000)
    return done.is_set()


def test_a_callback_that_waits_is_answered_by_one_that_does_not(node: Node) -> None:
    """As the service `~/plan` waits for a cloud that the same executor has to take."""
    arrived, answered = threading.Event(), threading.Event()
    threads: list[threading.Thread] = []

    def wait() -> None:
        threads.append(threading.current_thread())
        if arrived.wait(PATIENCE_S):
            answered.set()

    def arrive() -> None:
        if threads:
            arrived.set()

    node.create_timer(0.001, wait, callback_group=MayWait())
    node.create_timer(0.002, arrive)
    executor = NodeExecutor(context=node.context)
    executor.add_node(node)
    assert spin_until(executor, answered)
    executor.shutdown()
    assert threading.current_thread() not in threads


def test_one_callback_of_a_group_runs_at_a_time_and_is_begun_once(node: Node) -> None:
    """Also while a computing thread keeps the interpreter busy."""
    group, busy, done = MayWait(), threading.Event(), threading.Event()
    running, most, runs = [0], [0], [0]
    busy.set()

    def compute() -> None:
        while busy.is_set():
            sum(range(1000))

    def work() -> None:
        running[0] += 1
        most[0] = max(most[0], running[0])
        sum(range(100_000))
        running[0] -= 1
        runs[0] += 1
        if runs[0] == 20:
            done.set()

    for _ in range(2):
        node.create_timer(0.001, work, callback_group=group)
    executor = NodeExecutor(context=node.context)
    executor.add_node(node)
    beside = threading.Thread(target=compute)
    beside.start()
    try:
        assert spin_until(executor, done)
    finally:
        busy.clear()
        beside.join()
        executor.shutdown()
    assert most[0] == 1


def test_what_a_callback_raises_comes_out(node: Node) -> None:
    def fail() -> None:
        raise ValueError("broken")

    node.create_timer(0.001, fail)
    executor = NodeExecutor(context=node.context)
    executor.add_node(node)
    with pytest.raises(ValueError, match="broken"):
        spin_until(executor, threading.Event())
    executor.shutdown()
