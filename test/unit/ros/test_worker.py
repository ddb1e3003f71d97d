from __future__ import annotations

import threading

from srclib_ros.ros.worker import LatestWorker


def test_only_the_latest_waits_and_the_rest_is_counted() -> None:
    begun, release, done = threading.Event(), threading.Event(), threading.Event()
    seen: list[int] = []

    def work(item: int) -> None:
        seen.append(item)
        begun.set()
        release.wait(5)
        if item == 4:
            done.set()

    worker = LatestWorker(work, "test")
    worker.start()
    worker.offer(0)
    assert begun.wait(5)
    for item in (1, 2, 3, 4):
        worker.offer(item)
    release.set()
    assert done.wait(5)
    worker.stop()
    assert seen == [0, 4]
    assert (worker.offered, worker.dropped) == (5, 3)


def test_stop_lets_the_item_in_work_finish_and_forgets_the_next() -> None:
    begun, release = threading.Event(), threading.Event()
    finished: list[int] = []

    def work(item: int) -> None:
        begun.set()
        release.wait(5)
        finished.append(item)

    worker = LatestWorker(work, "test")
    worker.start()
    worker.offer(0)
    assert begun.wait(5)
    worker.offer(1)
    stopper = threading.Thread(target=worker.stop)
    stopper.start()
    release.set()
    stopper.join(5)
    assert finished == [0]


def test_a_worker_that_never_started_can_be_stopped() -> None:
    LatestWorker(print, "test").stop()
