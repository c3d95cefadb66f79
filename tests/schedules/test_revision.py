"""Schedules that are saved again or replaced: they keep their phase, and no due time is lost or run twice."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.schedules.oracle import utc
from tocsin.clock import MILLISECOND
from tocsin.schedules import (
    Cron,
    Every,
    Misfire,
    MisfirePolicy,
    Once,
    RevisedSchedule,
    Schedule,
    SimpleSchedule,
    choose_start,
    current_schedule,
    describe_schedule,
    first_due,
    latest_due,
    next_due,
    plan_due_times,
    revise_schedule,
    schedule_from_document,
    schedule_to_document,
)

NOON = utc("2026-11-22T12:00")
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


def test_an_interval_without_a_start_keeps_the_phase_of_the_same_interval_only() -> None:
    before = Every(HOUR, NOON)
    now = NOON + 5.5 * HOUR
    assert choose_start(timedelta(minutes=60), before, now) == NOON
    assert choose_start(2 * HOUR, before, now) == now + 2 * HOUR
    assert choose_start(HOUR, Cron("@hourly", "UTC"), now) == now + HOUR
    assert choose_start(HOUR, None, now) == now + HOUR
    assert choose_start(timedelta.max, None, now) == now


def test_what_is_not_due_yet_follows_the_new_schedule_alone() -> None:
    new = Cron("30 * * * *", "UTC")
    assert revise_schedule(Every(HOUR, NOON), NOON + HOUR, NOON, new, NOON + SECOND) == (new, NOON + HOUR / 2)


@pytest.mark.parametrize("late", [timedelta(0), MILLISECOND, 30 * SECOND])
def test_a_due_time_that_has_just_come_stands_and_the_new_schedule_follows(late: timedelta) -> None:
    now = NOON + late
    schedule, due = revise_schedule(Every(HOUR, NOON - HOUR), NOON, NOON - HOUR, Every(2 * HOUR, now + 2 * HOUR), now)
    assert due == NOON
    plan = plan_due_times(schedule, NOON, now + SECOND, Misfire())
    assert (plan.runs, plan.missed, plan.next_due) == ((NOON,), None, now + 2 * HOUR)


def test_all_due_times_that_passed_before_an_edit_stand_and_none_of_the_new_schedule_before_it() -> None:
    now = NOON + 5 * HOUR
    schedule, due = revise_schedule(Every(HOUR, NOON), NOON, None, Every(SECOND, NOON), now)
    plan = plan_due_times(schedule, due or now, now, Misfire())
    assert plan.runs == (now,)
    assert plan.missed is not None
    assert (plan.missed.first, plan.missed.until, plan.missed.count) == (NOON, now - HOUR, 5)
    assert plan.next_due == now + SECOND


def test_a_single_run_of_now_follows_what_was_due_before_it() -> None:
    schedule, due = revise_schedule(Every(HOUR, NOON), NOON, None, Once(NOON, "now"), NOON)
    assert (due, next_due(schedule, NOON), current_schedule(schedule)) == (
        NOON, NOON + MILLISECOND, Once(NOON + MILLISECOND, "now")
    )  # fmt: skip


def test_what_was_met_of_former_schedules_is_not_kept() -> None:
    revised, _ = revise_schedule(Every(HOUR, NOON), NOON, None, Every(SECOND, NOON), NOON)
    now = NOON + 10 * SECOND
    again, due = revise_schedule(revised, NOON + 2 * SECOND, NOON, Every(HOUR, NOON), now)
    assert again == RevisedSchedule(Every(HOUR, NOON), Every(SECOND, NOON), now)
    assert due == NOON + 2 * SECOND


def test_a_revised_schedule_is_stored_and_shown_as_what_its_owner_wants() -> None:
    revised = RevisedSchedule(
        Every(HOUR, NOON), RevisedSchedule(Once(NOON, "now"), Cron("@daily", "UTC"), NOON), NOON + SECOND
    )
    document = schedule_to_document(revised)
    assert schedule_from_document(document) == revised
    assert document["kind"] == "every"
    assert describe_schedule(revised) == describe_schedule(Every(HOUR, NOON))
    assert first_due(revised, NOON + HOUR / 2) == NOON + HOUR


# --- the promise, over any course of edits ---------------------------------------------------------------------------

SCHEDULES = st.one_of(
    st.builds(
        lambda seconds, phase, length: Every(
            seconds * SECOND, NOON + phase * SECOND, None if length is None else NOON + (phase + length) * SECOND
        ),
        st.integers(1, 90),
        st.integers(-200, 200),
        st.none() | st.integers(0, 600),
    ),
    st.builds(lambda seconds: Once(NOON + seconds * SECOND), st.integers(0, 900)),
    st.sampled_from(["* * * * *", "*/7 * * * * *", "*/2 * * * *"]).map(lambda text: Cron(text, "UTC")),
)
STEPS = st.lists(st.tuples(st.integers(0, 240_000), st.none() | SCHEDULES), max_size=12)


@given(SCHEDULES, STEPS, st.sampled_from(list(MisfirePolicy)))
def test_each_due_time_is_met_once_whatever_is_edited_when(
    first: SimpleSchedule, steps: list[tuple[int, SimpleSchedule | None]], policy: MisfirePolicy
) -> None:
    """A step waits, then processes what is due (None) or replaces the schedule."""
    now = NOON
    schedule: Schedule = first
    due, last = first_due(first, now), None
    valid: SimpleSchedule = first
    promised = [due] if due is not None and due <= now else []
    met, count = set[datetime](), 0
    for wait, new in [*steps, (0, None), (3_600_000, None)]:
        later = now + wait * MILLISECOND
        promised += _between(valid, now, later, last)
        now = later
        if new is None:
            while due is not None and due <= now:
                plan = plan_due_times(schedule, due, now, Misfire(policy, SECOND))
                assert met.isdisjoint(plan.runs)
                met |= set(plan.runs)
                count += len(plan.runs) + (plan.missed.count if plan.missed else 0)
                last = max([*plan.runs, *([plan.missed.until] if plan.missed else [])])
                due = plan.next_due
            continue
        if isinstance(new, Once) and (new.at <= now or (last is not None and new.at <= last)):
            continue  # refused
        revised, first_of_new = revise_schedule(schedule, due, last, new, now)
        if first_of_new is not None:
            promised += [now] if first_of_new == now and now not in promised else []  # due in this very moment
            schedule, due, valid = revised, first_of_new, new
    assert met <= set(promised)
    assert count == len(promised)


def _between(schedule: SimpleSchedule, after: datetime, until: datetime, last: datetime | None) -> list[datetime]:
    """Return the due times in (after, until], found one by one from the end."""
    found: list[datetime] = []
    at = latest_due(schedule, until)
    while at is not None and at > after and (last is None or at > last):
        found.append(at)
        at = latest_due(schedule, at - MILLISECOND)
    return found
