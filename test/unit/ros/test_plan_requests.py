from __future__ import annotations

from srclib_ros.ros.plan_requests import PlanRequests


def opened() -> PlanRequests:
    requests = PlanRequests()
    requests.open()
    return requests


def test_only_a_cloud_stamped_after_the_request_answers_it() -> None:
    requests = opened()
    early, late = requests.add(100), requests.add(200)
    assert not requests.want(99) and requests.want(100)
    requests.answer(150, True, "plan")
    assert early.done.is_set() and (early.success, early.message) == (True, "plan")
    assert not late.done.is_set()
    assert not requests.want(150) and requests.want(200)


def test_a_caller_that_gave_up_is_not_planned_for() -> None:
    requests = opened()
    request = requests.add(100)
    requests.withdraw(request)
    requests.withdraw(request)
    assert not requests.want(1000)
    requests.answer(1000, True, "plan")
    assert not request.done.is_set()


def test_whoever_waits_or_comes_late_is_told_of_the_end_at_once() -> None:
    requests = PlanRequests()
    too_early = requests.add(100)
    assert too_early.done.is_set() and not too_early.success and "not active" in too_early.message
    requests.open()
    waiting = requests.add(100)
    assert not waiting.done.is_set()
    requests.close("deactivated")
    for request in (waiting, requests.add(100)):
        assert request.done.is_set() and (request.success, request.message) == (False, "deactivated")
    assert not requests.want(1000)
    requests.open()
    assert not requests.add(100).done.is_set()
