"""The order of the mails about one subject, whatever fails meanwhile. Pure."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.notifications import delivery_order
from tocsin.notifications.delivery_order import (
    FIRST_RETRY_DELAY,
    MAX_WAITING,
    DeliveryPlan,
    find_replaced,
    plan_deliveries,
    superseding_id,
)
from tocsin.notifications.incident_stages import FIRST_REMINDER_STAGE, OVER_STAGE, name_later_stage

NOW = datetime(2026, 11, 29, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def mail(incident: int = 0, stage: int = 0, task: str = "u1/t1", **others: Any) -> Any:
    """Return a mail, queued now, about a task, by default that it started failing."""
    return {
        "_id": f"{task}:{incident}:{('began', 'failed')[stage]}",
        "about": {"type": "Task", "id": task, "incident": incident, "stage": stage},
        "tries": 0, "queued_at": NOW, "next_try_at": NOW, "claim": None, "lease_until": None, **others,
    }  # fmt: skip


def plan_due(*pending: Any, delivered: tuple[str, ...] = ()) -> DeliveryPlan:
    return plan_deliveries([one for one in pending if one["next_try_at"] <= NOW], pending, delivered, NOW)


def test_the_beginning_goes_before_the_end() -> None:
    plan = plan_due(mail(stage=1), mail())
    assert (plan.ready, plan.superseded, plan.waiting) == (["u1/t1:0:began"], [], {})


def test_a_beginning_that_failed_once_is_superseded_by_the_end() -> None:
    waits = mail(tries=1, next_try_at=NOW + 45 * SECOND)
    plan = plan_due(mail(stage=1), waits)
    assert (plan.ready, plan.superseded) == (["u1/t1:0:failed"], ["u1/t1:0:began"])


def test_a_beginning_that_waited_long_is_superseded_by_the_end() -> None:
    plan = plan_due(mail(stage=1), mail(queued_at=NOW - FIRST_RETRY_DELAY))
    assert (plan.ready, plan.superseded) == (["u1/t1:0:failed"], ["u1/t1:0:began"])


def later_mail(stage: int, **others: Any) -> Any:
    """Return a mail about the incident of a host: a reminder, or that it is over."""
    about = {"type": "Incident", "id": "u1/host-1", "incident": 0, "stage": stage}
    name = {0: "began", 1: "failed"}.get(stage) or name_later_stage(stage)
    return {**mail(**others), "_id": f"u1/host-1:0:{name}", "about": about}


def test_a_recovery_covers_no_failure_and_comes_after_it() -> None:
    """Good news alone would be about nothing that the receiver knows."""
    late: Any = {"queued_at": NOW - FIRST_RETRY_DELAY}
    failed, reminder, over = (later_mail(stage, **late) for stage in (1, FIRST_REMINDER_STAGE, OVER_STAGE))
    plan = plan_due(over, reminder, failed)
    assert (plan.ready, plan.superseded, plan.replaced) == (["u1/host-1:0:failed"], [], [])


def test_a_late_reminder_is_covered_by_the_next_one() -> None:
    late: Any = {"queued_at": NOW - FIRST_RETRY_DELAY}
    first, second, over = (later_mail(stage, **late) for stage in (2, 3, OVER_STAGE))
    plan = plan_due(over, second, first)
    assert (plan.ready, plan.superseded) == (["u1/host-1:0:reminder-2"], ["u1/host-1:0:reminder-1"])


def test_a_late_beginning_of_a_host_is_covered_by_the_failure_for_good() -> None:
    began, failed = later_mail(0, queued_at=NOW - FIRST_RETRY_DELAY), later_mail(1)
    assert plan_due(failed, began).superseded == ["u1/host-1:0:began"]
    assert plan_due(began, delivered=("u1/host-1:0:failed",)).superseded == ["u1/host-1:0:began"]


def test_the_end_waits_for_a_beginning_that_is_being_sent() -> None:
    leased: Any = {"claim": "x", "lease_until": NOW + 60 * SECOND, "next_try_at": NOW + 60 * SECOND, "tries": 1}
    plan = plan_due(mail(stage=1), mail(**leased))
    assert (plan.ready, plan.superseded, plan.waiting) == ([], [], {"u1/t1:0:failed": NOW + 2 * SECOND})


def test_the_next_incident_waits_for_the_one_before() -> None:
    waits = mail(stage=1, tries=3, next_try_at=NOW + 45 * SECOND)
    plan = plan_due(mail(incident=1), waits)
    assert (plan.ready, plan.superseded) == ([], [])
    assert plan.waiting == {"u1/t1:1:began": NOW + 45 * SECOND}


def test_a_beginning_whose_end_was_delivered_is_superseded() -> None:
    assert plan_due(mail(), delivered=("u1/t1:0:failed",)).superseded == ["u1/t1:0:began"]


def test_mails_about_other_subjects_do_not_wait() -> None:
    plain = {**mail(task="u1/p"), "about": None}
    due = [mail(tries=1, next_try_at=NOW + SECOND), mail(task="u1/t2"), plain]
    plan = plan_deliveries(due[1:], due[:2], (), NOW)
    assert sorted(plan.ready) == ["u1/p:0:began", "u1/t2:0:began"]


def test_only_a_beginning_has_a_next_stage() -> None:
    approval: Any = {**mail(), "about": {"type": "Approval", "id": "x", "incident": 0, "stage": 0}}
    assert [superseding_id(each) for each in (mail(), mail(stage=1), approval)] == ["u1/t1:0:failed", None, None]
    assert superseding_id(mail(_id="u1/t1:0:began@list")) == "u1/t1:0:failed@list"


def test_the_newest_replace_the_others_that_wait_except_one_that_is_being_sent() -> None:
    leased: Any = {"claim": "x", "lease_until": NOW + SECOND, "next_try_at": NOW + SECOND}
    many = [mail(incident, 1) for incident in range(1, MAX_WAITING + 3)]
    first = mail(0, 1, **leased)
    assert find_replaced([*reversed(many), first], NOW) == ["u1/t1:1:failed", "u1/t1:2:failed"]
    plan = plan_due(*many, first)
    assert sorted(plan.replaced) == ["u1/t1:1:failed", "u1/t1:2:failed"]
    assert (plan.ready, set(plan.waiting)) == ([], {each["_id"] for each in many[2:]})
    assert find_replaced([mail(0, 1), *many[:4], *(mail(each, 1, "u1/t2") for each in range(9))], NOW) == []


def test_the_time_for_a_plan_grows_with_the_number_of_deliveries_only(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0
    order = delivery_order.stage_order

    def count(delivery: Any) -> tuple[int, int]:
        nonlocal looks
        looks += 1
        return order(delivery)

    monkeypatch.setattr(delivery_order, "stage_order", count)
    many = [mail(incident, stage, tries=1) for incident in range(1_000) for stage in (0, 1)]
    plan = plan_due(*many)
    assert (len(plan.superseded), len(plan.replaced)) == (1_000, 1_000 - MAX_WAITING)
    assert looks <= 4 * len(many)


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 1), st.integers(0, 2), st.integers(-60, 60), st.booleans()),
        unique_by=lambda one: one[:2],
        max_size=6,
    )
)
def test_one_mail_about_a_subject_is_sent_at_a_time(given: list[tuple[int, int, int, int, bool]]) -> None:
    pending = []
    for incident, stage, tries, due, leased in given:
        at = NOW + due * SECOND
        lease: Any = {"claim": "x", "lease_until": at} if leased else {}
        pending.append(mail(incident, stage, tries=tries, next_try_at=at, queued_at=NOW - 10 * SECOND, **lease))
    plan = plan_due(*pending)
    left = [one for one in pending if one["_id"] not in plan.superseded]
    earliest = min(left, key=lambda one: (one["about"]["incident"], one["about"]["stage"]), default=None)
    assert plan.ready in ([], [earliest and earliest["_id"]])
    are_due = {one["_id"] for one in left if one["next_try_at"] <= NOW}
    assert are_due <= set(plan.ready) | set(plan.waiting) or plan.ready
    assert all(moment > NOW for moment in plan.waiting.values())
    assert not set(plan.superseded) & {one["_id"] for one in pending if one["about"]["stage"] == 1}
