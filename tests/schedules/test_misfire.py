import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.schedules.oracle import utc
from tocsin.clock import MILLISECOND
from tocsin.errors import InvalidInput
from tocsin.schedules import (
    Cron,
    DuePlan,
    Every,
    Gap,
    Misfire,
    MisfirePolicy,
    Once,
    Schedule,
    next_due,
    plan_due_times,
    validate_misfire,
)
from tocsin.schedules.misfire import MAX_ON_TIME_RUNS

DUE = utc("2026-11-22T10:00")
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
HOURLY = Every(HOUR, DUE)
RUN_ONCE, RUN_ALL, SKIP = (Misfire(policy) for policy in MisfirePolicy)


def at(hours: int) -> datetime:
    return DUE + hours * HOUR


TABLE: list[tuple[str, Schedule, timedelta, Misfire, DuePlan]] = [
    ("on time", HOURLY, SECOND, RUN_ONCE, DuePlan((DUE,), None, at(1))),
    ("at the last moment of the grace period", HOURLY, MINUTE, SKIP, DuePlan((DUE,), None, at(1))),
    ("just too late, once", HOURLY, MINUTE + MILLISECOND, RUN_ONCE, DuePlan((DUE,), None, at(1))),
    ("just too late, skip", HOURLY, MINUTE + MILLISECOND, SKIP, DuePlan((), Gap(DUE, DUE, 1), at(1))),
    ("three, once", HOURLY, 2 * HOUR, RUN_ONCE, DuePlan((at(2),), Gap(DUE, at(1), 2), at(3))),
    ("three, all", HOURLY, 2 * HOUR, RUN_ALL, DuePlan((DUE, at(1), at(2)), None, at(3))),
    ("three, skip, last on time", HOURLY, 2 * HOUR, SKIP, DuePlan((at(2),), Gap(DUE, at(1), 2), at(3))),
    ("three, skip", HOURLY, 2.5 * HOUR, SKIP, DuePlan((), Gap(DUE, at(2), 3), at(3))),
    (
        "more than may run",
        HOURLY,
        9 * HOUR,
        Misfire(MisfirePolicy.RUN_ALL, max_runs=2),
        DuePlan((at(8), at(9)), Gap(DUE, at(7), 8), at(10)),
    ),
    ("one-off, late, once", Once(DUE), HOUR, RUN_ONCE, DuePlan((DUE,), None, None)),
    ("one-off, late, skip", Once(DUE), HOUR, SKIP, DuePlan((), Gap(DUE, DUE, 1), None)),
    ("one-off, edited to an earlier time", Once(DUE - HOUR), HOUR, RUN_ONCE, DuePlan((DUE,), None, None)),
    (
        "ended meanwhile",
        Every(HOUR, DUE, at(1)),
        9 * HOUR,
        RUN_ONCE,
        DuePlan((at(1),), Gap(DUE, DUE, 1), None),
    ),
    (
        "edited: the stored time is no longer named",
        Every(HOUR, DUE + MINUTE),
        HOUR + 2 * MINUTE,
        RUN_ALL,
        DuePlan((DUE, DUE + MINUTE, at(1) + MINUTE), None, at(2) + MINUTE),
    ),
    ("edited: it starts later", Every(HOUR, at(5)), HOUR, RUN_ONCE, DuePlan((DUE,), None, at(5))),
    ("not yet due", HOURLY, -SECOND, RUN_ONCE, DuePlan((), None, DUE)),
    (
        "cron, three days away",
        Cron("0 10 * * *", "UTC"),
        timedelta(days=3, hours=1),
        RUN_ONCE,
        DuePlan((DUE + timedelta(3),), Gap(DUE, DUE + timedelta(2), 3), DUE + timedelta(4)),
    ),
]


@pytest.mark.parametrize(("case", "schedule", "late", "misfire", "plan"), TABLE, ids=[row[0] for row in TABLE])
def test_plans(case: str, schedule: Schedule, late: timedelta, misfire: Misfire, plan: DuePlan) -> None:
    assert plan_due_times(schedule, DUE, DUE + late, misfire) == plan


def test_a_long_grace_period_runs_the_newest_and_counts_the_rest() -> None:
    misfire = Misfire(grace=HOUR)
    plan = plan_due_times(Every(SECOND, DUE), DUE, DUE + 500 * SECOND, misfire)
    assert len(plan.runs) == MAX_ON_TIME_RUNS
    assert plan.missed == Gap(DUE, DUE + 400 * SECOND, 401)


def test_every_second_found_within_a_minute_all_run() -> None:
    plan = plan_due_times(Cron("* * * * * *", "Europe/Berlin"), DUE, DUE + MINUTE, RUN_ONCE)
    assert plan.runs == tuple(DUE + number * SECOND for number in range(61))
    assert plan.missed is None


def all_due(schedule: Schedule, due: datetime, now: datetime) -> list[datetime]:
    """Return `due` and every due time since."""
    found, following = [due], next_due(schedule, due)
    while following is not None and following <= now:
        found.append(following)
        following = next_due(schedule, following)
    return found


SCHEDULES: st.SearchStrategy[Schedule] = st.one_of(
    st.builds(Once, st.just(DUE)),
    st.builds(
        Every,
        st.sampled_from([SECOND, 7 * SECOND, 1.5 * SECOND, MINUTE, 10 * MINUTE, HOUR]),
        st.sampled_from([DUE - 100 * HOUR, DUE, DUE + 90 * SECOND]),
        st.sampled_from([None, None, DUE + 5 * MINUTE]),
    ),
    st.builds(
        Cron,
        st.sampled_from(["* * * * *", "*/7 * * * *", "*/20 * * * * *", "30 2 * * *", "0,30 1-3 * * *", "0 0 29 2 *"]),
        st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
    ),
)
MISFIRES = st.builds(
    Misfire,
    st.sampled_from(MisfirePolicy),
    st.sampled_from([timedelta(), SECOND, MINUTE, 20 * MINUTE]),
    st.integers(1, 120),
)
DUES = st.sampled_from(
    [DUE, DUE + 1234 * MILLISECOND, *map(utc, ["2026-10-24T23:00", "2026-03-29T00:00", "2026-10-03T15:00"])]
)


@settings(deadline=None, max_examples=300)
@given(SCHEDULES, DUES, st.integers(0, 3_600_000) | st.integers(0, 10_000), MISFIRES)
def test_every_due_time_is_run_or_in_the_gap(schedule: Schedule, due: datetime, late_ms: int, misfire: Misfire) -> None:
    now = due + late_ms * MILLISECOND
    everything, plan = all_due(schedule, due, now), plan_due_times(schedule, due, now, misfire)
    missed = everything[: len(everything) - len(plan.runs)]
    assert (*missed, *plan.runs) == tuple(everything)
    assert plan.missed == (Gap(missed[0], missed[-1], len(missed)) if missed else None)
    assert plan.next_due == next_due(schedule, everything[-1])
    assert plan.next_due is None or plan.next_due > now
    assert len(plan.runs) == how_many(everything, now, misfire)


def how_many(everything: list[datetime], now: datetime, misfire: Misfire) -> int:
    if now - everything[0] <= misfire.grace:
        return min(len(everything), 100)
    if misfire.policy is MisfirePolicy.SKIP:
        return 1 if now - everything[-1] <= misfire.grace else 0
    return 1 if misfire.policy is MisfirePolicy.RUN_ONCE else min(len(everything), misfire.max_runs)


def steps_of(work: Callable[[], object]) -> int:
    """Count the calls of Python and C functions."""
    steps = 0

    def count(frame: object, event: str, argument: Any) -> None:
        nonlocal steps
        steps += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return steps


@pytest.mark.parametrize("policy", MisfirePolicy)
@pytest.mark.parametrize(
    "schedule",
    [
        Every(SECOND, DUE),
        Cron("* * * * * *", "UTC"),
        Cron("* * * * *", "Europe/Berlin"),
        Cron("0-59 0-23 * * *", "UTC"),
    ],
)
def test_a_week_away_costs_no_more_steps_than_an_hour(schedule: Schedule, policy: MisfirePolicy) -> None:
    misfire = Misfire(policy, max_runs=10)

    def steps(away: timedelta) -> int:
        return steps_of(lambda: plan_due_times(schedule, DUE, DUE + away, misfire))

    steps(HOUR)  # the expression is read
    assert steps(timedelta(days=7)) < steps(HOUR) + 200


def test_an_every_second_task_a_week_away_is_one_run_and_one_gap() -> None:
    now = DUE + timedelta(days=7)
    expected = DuePlan((now,), Gap(DUE, now - SECOND, 604_800), now + SECOND)
    assert plan_due_times(Every(SECOND, DUE), DUE, now, RUN_ONCE) == expected
    assert plan_due_times(Cron("* * * * * *", "Asia/Tokyo"), DUE, now, RUN_ONCE) == expected


@given(MISFIRES)
def test_documents_give_the_same_misfire_back(misfire: Misfire) -> None:
    assert Misfire.from_document(misfire.to_document()) == misfire
    validate_misfire(misfire)


def test_the_document_holds_plain_values() -> None:
    assert Misfire().to_document() == {"policy": "RUN_ONCE", "grace_ms": 60_000, "max_runs": 100}


@pytest.mark.parametrize(
    ("misfire", "path", "message"),
    [
        (Misfire(grace=-SECOND), "grace", "grace must be from PT0S to P366D."),
        (Misfire(grace=367 * 24 * HOUR), "grace", "grace must be from PT0S to P366D."),
        (Misfire(grace=timedelta(microseconds=1)), "grace", "grace must be in whole milliseconds."),
        (Misfire(max_runs=0), "maxRuns", "maxRuns must be 1 to 1000."),
        (Misfire(max_runs=1001), "maxRuns", "maxRuns must be 1 to 1000."),
    ],
)
def test_wrong_values_are_refused(misfire: Misfire, path: str, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        validate_misfire(misfire)
    assert (caught.value.path, caught.value.message) == ((path,), message)
