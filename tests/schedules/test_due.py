from datetime import UTC, timedelta, timezone
from itertools import islice
from typing import Any

import pytest

from tests.schedules.oracle import ticks, utc
from tocsin.clock import MILLISECOND
from tocsin.schedules import (
    Cron,
    Every,
    Once,
    RevisedSchedule,
    Schedule,
    count_due,
    find_shortest_interval,
    latest_due,
    next_due,
    preview_due_times,
    schedule_to_document,
    shortest_interval_ms,
)

START = utc("2026-11-22T10:00")
HOUR = timedelta(hours=1)


def test_every_that_runs_past_the_end_of_the_calendar_never_comes_again() -> None:
    every = Every(timedelta(days=36_525), utc("9950-01-01T00:00"))
    assert next_due(every, every.start) is None


def test_once_comes_once() -> None:
    once = Once(START)
    assert next_due(once, START - MILLISECOND) == START
    assert next_due(once, START) is None
    assert latest_due(once, START) == START
    assert latest_due(once, START - MILLISECOND) is None
    assert [count_due(once, START - HOUR, START), count_due(once, START, START + HOUR)] == [1, 0]


def test_nothing_is_due_in_an_empty_or_reversed_span() -> None:
    for schedule in (Once(START), Every(HOUR, START), Cron("* * * * *", "UTC")):
        assert count_due(schedule, START, START) == 0
        assert count_due(schedule, START + HOUR, START - HOUR) == 0


def test_preview_of_cron_carries_the_offset_that_holds_then() -> None:
    found = preview_due_times(Cron("30 2 * * *", "Europe/Berlin"), utc("2026-10-23T12:00"), 3)
    assert [due.isoformat() for due in found] == [
        "2026-10-24T02:30:00+02:00",
        "2026-10-25T02:30:00+02:00",
        "2026-10-26T02:30:00+01:00",
    ]


def test_preview_in_a_repeated_hour_equals_the_moments_in_utc() -> None:
    found = preview_due_times(Cron("*/30 2 * * *", "Europe/Berlin"), utc("2026-10-24T12:00"), 4)
    half = timedelta(minutes=30)
    assert found == list(islice(ticks(utc("2026-10-25T00:00"), utc("2026-10-26T00:00"), half), 4))


def test_preview_of_others_is_in_utc() -> None:
    berlin = START.astimezone(timezone(HOUR))
    found = [*preview_due_times(Once(berlin), START - HOUR, 3), *preview_due_times(Every(HOUR, berlin), START, 2)]
    assert found == [START, START + HOUR, START + 2 * HOUR]
    assert {due.tzinfo for due in found} == {UTC}


@pytest.mark.parametrize(
    ("schedule", "years"),
    [
        (Cron("0 0 29 2 */7", "UTC"), [2032, 2060, 2088, 2128, 2156]),  # on a Sunday; 2100 is no leap year
        (Every(timedelta(days=36_525), START), [2126, 2226, 2326]),
        (Once(utc("9000-01-01T00:00")), [9000]),
    ],
    ids=["cron", "every", "once"],
)
def test_a_preview_ends_after_a_century(schedule: Schedule, years: list[int]) -> None:
    assert [due.year for due in preview_due_times(schedule, START, 100)] == years


@pytest.mark.parametrize("count", [0, 1, 7])
def test_preview_gives_as_many_as_asked_for(count: int) -> None:
    assert len(preview_due_times(Cron("@hourly", "Asia/Kathmandu"), START, count)) == count


def test_moments_may_come_with_any_offset() -> None:
    cron = Cron("0 * * * *", "Europe/Berlin")
    local = (START + MILLISECOND).astimezone(timezone(timedelta(hours=-9, minutes=-30)))
    assert next_due(cron, local) == START + HOUR
    assert latest_due(cron, local) == START
    assert count_due(cron, local, local + 5 * HOUR) == 5


@pytest.mark.parametrize(
    ("schedule", "interval"),
    [
        (Once(START), None),
        (Every(timedelta(seconds=90), START), timedelta(seconds=90)),
        (RevisedSchedule(Every(HOUR, START), Once(START), START), HOUR),
        (Cron("* * * * *", "UTC"), timedelta(seconds=60)),
        (Cron("*/10 * * * * *", "UTC"), timedelta(seconds=10)),
        (Cron("*/7 * * * *", "UTC"), timedelta(minutes=4)),
        (Cron("0 9,10 * * 1-5", "Europe/Berlin"), HOUR),
        (Cron("@daily", "America/New_York"), 24 * HOUR),
        (Cron("0 0 1 * *", "UTC"), 28 * 24 * HOUR),
        (Cron("@yearly", "UTC"), 365 * 24 * HOUR),
        (Cron("0 0 29 2 *", "UTC"), 1461 * 24 * HOUR),
    ],
)
def test_the_interval_is_the_shortest_time_between_due_times(schedule: Schedule, interval: timedelta | None) -> None:
    assert find_shortest_interval(schedule, utc("2026-01-01T00:00")) == interval
    assert shortest_interval_ms(schedule_to_document(schedule), START) == (interval and interval // MILLISECOND)


@pytest.mark.parametrize(
    "stored",
    [
        None,
        {},
        {"kind": "every"},
        {"kind": "cron", "expression": "x", "time_zone": "UTC"},
        {"kind": "cron", "expression": "* * * * *", "time_zone": "Atlantis"},
    ],
)
def test_a_schedule_that_cannot_be_read_has_no_interval(stored: Any) -> None:
    assert shortest_interval_ms(stored, START) is None
