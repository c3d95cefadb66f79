"""How failures change alerts, in whichever order and however often they are recorded. Pure."""

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.notifications.incidents.samples import subject
from tests.notifications.samples import DUE
from tocsin.documents import AlertSubject
from tocsin.notifications.incidents.alert_changes import AlertUpdate, add_failures, find_ends
from tocsin.notifications.incidents.failures import AlertFailure, Success

MINUTE = timedelta(minutes=1)


def failure(minute: int, stage: int = 1) -> AlertFailure:
    """Return the failure of the run that was due at this minute."""
    at = DUE + minute * MINUTE
    document: Any = {**subject()["failure"], "run": f"u1/t:{minute}", "stage": stage, "at": at, "due_at": at}
    return AlertFailure(AlertSubject.TASK, "u1/t", 3, 0, "a.example:443", document)


def add(alert: Any, *failures: AlertFailure) -> Any:
    """Return the alert after these failures."""
    result = add_failures(alert, failures)
    if result is None:
        return alert
    return {**alert, **result.changes} if isinstance(result, AlertUpdate) else result


def told(alert: Any) -> Any:
    """Return the alert as the keeper has seen it, within an incident."""
    return {**alert, "pending": False, "incident": "u1/t:3"}


def ended(alert: Any, minute: int) -> Any:
    return {**alert, "open": False, "ended_at": DUE + minute * MINUTE, "ending": "RECOVERED"}


FAILURES = st.lists(st.builds(failure, st.integers(0, 5), st.integers(0, 1)), min_size=1, max_size=8)


@given(FAILURES)
def test_at_once_or_one_by_one_or_again_is_the_same(failures: list[AlertFailure]) -> None:
    at_once = add(None, *failures)
    one_by_one: Any = None
    for each in failures:
        one_by_one = add(one_by_one, each)
    again = add(one_by_one, *failures)
    assert {**at_once, "rev": 0} == {**one_by_one, "rev": 0} == {**again, "rev": 0}
    assert again["rev"] == one_by_one["rev"], "what is known changes nothing"
    counted = {each.failure["run"] for each in failures if each.failure["stage"]}
    assert (at_once["failures"], set(at_once["failed_runs"])) == (len(counted), counted)
    assert at_once["last_failure_at"] == max(each.failure["at"] for each in failures)
    assert at_once["stage"] == max(each.failure["stage"] for each in failures)


def test_only_what_can_be_news_is_for_the_keeper() -> None:
    began = told(add(None, failure(1, 0)))
    assert add(began, failure(2, 0))["pending"] is False
    failed = add(began, failure(3, 1))
    assert failed["pending"] is True
    assert add(told(failed), failure(4, 1))["pending"] is False
    assert add({**told(failed), "incident": None}, failure(4, 1))["pending"] is True


def test_an_alert_that_had_ended_begins_anew_with_a_later_failure_only() -> None:
    alert = ended(told(add(None, failure(1), failure(2))), 5)
    assert add(alert, failure(1), failure(2), failure(4)) == alert
    anew = add(alert, failure(6))
    assert (anew["open"], anew["incident"], anew["failures"], anew["failed_runs"]) == (True, None, 1, ["u1/t:6"])
    assert (anew["opened_at"], anew["pending"], anew["rev"]) == (DUE + 6 * MINUTE, True, alert["rev"] + 1)


def test_a_success_ends_what_failed_before_it_by_its_due_time_or_its_end() -> None:
    alert = add(None, failure(5))

    def success(due: int, at: int) -> Success:
        return Success("u1/t", DUE + due * MINUTE, DUE + at * MINUTE)

    for ends in (success(6, 4), success(4, 6), success(5, 5)):
        assert find_ends([alert], [success(1, 1), ends]) == [(alert, ends)]
    assert find_ends([alert], [success(4, 4)]) == []
