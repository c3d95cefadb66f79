"""What the fields of a delivery say about live delivery."""

from datetime import timedelta
from typing import Any

import pytest

from tests.notifications.helpers import START, changed, incident_mail, mail
from tocsin.notifications.delivery_order import plan_deliveries
from tocsin.notifications.live.holding import (
    describe_failure,
    first_try_at,
    is_fallback,
    is_held,
    is_live,
    was_received,
)

SOON = START + timedelta(minutes=15)
MAIL = changed(mail(), acknowledge_by=SOON)
LIVE = changed(mail(), acknowledge_by=SOON, channel="u1/live")


@pytest.mark.parametrize(
    ("delivery", "live", "fallback", "first"),
    [
        (mail(), False, False, START),
        (changed(mail(), channel="u1/c1"), False, False, START),
        (changed(mail(), acknowledge_by=None), False, False, START),
        (LIVE, True, False, START),
        (MAIL, False, True, SOON),
    ],
)
def test_a_time_for_acknowledging_marks_live_deliveries_and_their_mails(
    delivery: Any, live: bool, fallback: bool, first: Any
) -> None:
    assert (is_live(delivery), is_fallback(delivery), first_try_at(delivery, START)) == (live, fallback, first)
    assert is_held(delivery, START) is fallback
    assert not is_held(delivery, SOON)


def test_each_attempt_says_whether_it_was_received() -> None:
    delivery = changed(LIVE, received=[2])
    assert [was_received(delivery, number) for number in (1, 2)] == [False, True]
    assert [describe_failure(delivery, number, "late") for number in (1, 2)] == ["Nobody was listening.", "late"]
    assert was_received(changed(mail(), channel="u1/c1"), 1) is None
    assert describe_failure(mail(), 1, None) is None


def test_a_mail_that_is_held_delays_no_other_and_a_live_delivery_waits_for_none() -> None:
    held = changed(incident_mail(0, 1), acknowledge_by=SOON, next_try_at=SOON)
    due = incident_mail(1, 0)
    assert plan_deliveries([due], [held, due], [], START).ready == [due["_id"]]
    live = {"acknowledge_by": SOON, "channel": "u1/live"}
    first, second = (changed(incident_mail(number, 1), **live) for number in (0, 1))
    repeated = changed(first, next_try_at=SOON)
    assert plan_deliveries([second], [repeated, second], [], START).ready == [second["_id"]]
    assert plan_deliveries([first, second], [first, second], [], START).ready == [first["_id"], second["_id"]]
    assert plan_deliveries([held, due], [held, due], [], SOON).ready == [held["_id"]]


def test_a_mail_that_is_held_and_due_is_postponed_with_or_without_a_subject() -> None:
    held = [changed(each, acknowledge_by=SOON) for each in (mail("u1/quota"), incident_mail(0, 1))]
    plan = plan_deliveries(held, held[1:], [], START)
    assert (plan.ready, plan.waiting) == ([], dict.fromkeys([each["_id"] for each in held], SOON))
