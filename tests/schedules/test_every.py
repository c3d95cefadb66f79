"""Due times of interval schedules, against a list that is built by addition."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.schedules.oracle import ticks, utc
from tocsin.clock import MILLISECOND
from tocsin.schedules import Every, preview_due_times
from tocsin.schedules.every import count_due, latest_due, next_due

START = utc("2026-11-22T10:00")
HOUR = timedelta(hours=1)


INTERVALS = st.integers(1000, 5_000_000).map(lambda number: number * MILLISECOND)


MOMENTS = st.integers(-10_000_000, 100_000_000).map(lambda number: START + number * MILLISECOND)


ENDS = st.none() | st.integers(0, 50_000_000).map(lambda number: START + number * MILLISECOND)


def expected(every: Every, until: datetime) -> list[datetime]:
    last = until if every.end is None else min(every.end, until)
    return list(ticks(every.start, last, every.interval))


@given(INTERVALS, ENDS, MOMENTS)
def test_every_is_start_plus_a_multiple_of_the_interval(
    interval: timedelta, end: datetime | None, moment: datetime
) -> None:
    every = Every(interval, START, end)
    passed = expected(every, moment)
    later = [due for due in expected(every, max(moment, START) + interval) if due > moment]
    assert latest_due(every, moment) == (passed[-1] if passed else None)
    assert next_due(every, moment) == (later[0] if later else None)
    assert count_due(every, START - MILLISECOND, moment) == len(passed)


@given(INTERVALS, ENDS, MOMENTS, MOMENTS)
def test_every_laws(interval: timedelta, end: datetime | None, first: datetime, second: datetime) -> None:
    every = Every(interval, START, end)
    after, until = sorted((first, second))
    count = sum(1 for due in expected(every, until) if due > after)
    assert count_due(every, after, until) == count
    if (due := next_due(every, first)) is not None:
        assert due > first
        assert latest_due(every, due) == due
        assert next_due(every, due - MILLISECOND) == due
        assert count_due(every, first, due) == 1
    if (due := latest_due(every, first)) is not None:
        assert due <= first
        assert next_due(every, due) == next_due(every, first)


def test_every_ends_with_a_due_time_at_its_end() -> None:
    every = Every(HOUR, START, START + 2 * HOUR)
    assert preview_due_times(every, START - HOUR, 10) == [START, START + HOUR, START + 2 * HOUR]
    assert next_due(every, START + 2 * HOUR) is None
    assert latest_due(every, START + 100 * HOUR) == START + 2 * HOUR
