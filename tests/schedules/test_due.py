from datetime import UTC, timedelta, timezone
from itertools import islice

import pytest

from tests.schedules.oracle import ticks, utc
from tocsin.clock import MILLISECOND
from tocsin.schedules import Cron, Every, Once, count_due, latest_due, next_due, preview_due_times

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


@pytest.mark.parametrize("count", [0, 1, 7])
def test_preview_gives_as_many_as_asked_for(count: int) -> None:
    assert len(preview_due_times(Cron("@hourly", "Asia/Kathmandu"), START, count)) == count


def test_moments_may_come_with_any_offset() -> None:
    cron = Cron("0 * * * *", "Europe/Berlin")
    local = (START + MILLISECOND).astimezone(timezone(timedelta(hours=-9, minutes=-30)))
    assert next_due(cron, local) == START + HOUR
    assert latest_due(cron, local) == START
    assert count_due(cron, local, local + 5 * HOUR) == 5
