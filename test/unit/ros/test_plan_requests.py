from __future__ import annotations

from srclib_ros.ros.plan_requests import PlanRequests


def test_only_a_cloud_stamped_after_the_request_answers_it() -> None:
    requests = PlanRequests()
    early, late = requests.add(100), requests.add(200)
    assert not requests.want(99) and requests.want(100)
    requests.answer(150, True, "plan")
    assert early.done.is_set() and (early.success, early.message) == (True, "plan")
    assert not late.done.is_set()
    assert not requests.want(150) and requests.want(200)


def test_a_caller_that_gave_up_is_not_planned_for() -> None:
    requests = PlanRequests()
    request = requests.add(100)
    requests.withdraw(request)
    requests.withdraw(request)
    assert not requests.want(1000)
    requests.answer(1000, True, "plan")
    assert not request.done.is_set()
