from bisect import bisect_left, bisect_right
from datetime import UTC, datetime, timedelta

import pytest
from cronsim import CronSimError
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.schedules.expressions import CHANGES, five_fields, places, six_fields, zone
from tests.schedules.oracle import Oracle, utc
from tocsin.clock import MILLISECOND
from tocsin.schedules import Cron, count_due, latest_due, next_due, preview_due_times
from tocsin.schedules.cron_calendar import get_calendar

Place = tuple[str, datetime]
OFFSETS = st.integers(0, 28 * 3_600_000)
# Zone, expression, moment to look from (UTC), what is due next (with the zone's offset).
TABLE = [
    # The hour that is skipped: named times come at the change, once; others don't come.
    ("Europe/Berlin", "30 2 * * *", "2026-03-28T12:00", ["29T03:00+02", "30T02:30+02"]),
    ("Europe/Berlin", "0,30 2 * * *", "2026-03-28T12:00", ["29T03:00+02", "30T02:00+02"]),
    ("Europe/Berlin", "30 2,3 * * *", "2026-03-28T12:00", ["29T03:00+02", "29T03:30+02"]),
    ("Europe/Berlin", "*/30 2 * * *", "2026-03-28T12:00", ["30T02:00+02", "30T02:30+02"]),
    ("Europe/Berlin", "*/30 * * * *", "2026-03-29T00:29", ["29T01:30+01", "29T03:00+02"]),
    ("Europe/Berlin", "0 30 2 * * *", "2026-03-28T12:00", ["30T02:30+02", "31T02:30+02"]),
    ("America/New_York", "30 2 * * *", "2026-03-08T00:00", ["08T03:00-04", "09T02:30-04"]),
    ("Australia/Lord_Howe", "15 2 * * *", "2026-10-03T12:00", ["04T02:30+11", "05T02:15+11"]),
    ("Australia/Lord_Howe", "*/15 3 * * *", "2026-10-03T12:00", ["04T03:00+11", "04T03:15+11"]),
    ("America/Havana", "0 0 * * *", "2026-03-07T12:00", ["08T01:00-04", "09T00:00-04"]),
    ("America/Havana", "* 0 * * 0", "2026-03-07T12:00", ["15T00:00-04", "15T00:01-04"]),
    ("Pacific/Apia", "0 9 * * *", "2011-12-29T20:00", ["31T00:00+14", "31T09:00+14"]),
    # The hour that repeats: named times come the first time; others come twice.
    ("Europe/Berlin", "30 2 * * *", "2026-10-24T12:00", ["25T02:30+02", "26T02:30+01"]),
    ("Europe/Berlin", "50 2 * * *", "2026-10-25T01:45", ["26T02:50+01", "27T02:50+01"]),
    ("Europe/Berlin", "*/30 2 * * *", "2026-10-25T00:15", ["25T02:30+02", "25T02:00+01", "25T02:30+01"]),
    ("Europe/Berlin", "0 30 2 * * *", "2026-10-24T12:00", ["25T02:30+02", "25T02:30+01"]),
    ("America/New_York", "30 1 * * *", "2026-11-01T00:00", ["01T01:30-04", "02T01:30-05"]),
    ("America/New_York", "0 * * * *", "2026-11-01T04:30", ["01T01:00-04", "01T01:00-05", "01T02:00-05"]),
    ("Australia/Lord_Howe", "45 1 * * *", "2026-04-04T12:00", ["05T01:45+11", "06T01:45+1030"]),
    ("Australia/Lord_Howe", "*/15 1 * * *", "2026-04-04T14:44", ["05T01:45+11", "05T01:30+1030"]),
    # Days.
    ("Europe/Berlin", "0 9 * * 1-5", "2026-11-20T08:00", ["23T09:00+01", "24T09:00+01"]),
    ("UTC", "0 0 13 * 5", "2026-11-12T12:00", ["13T00:00+00", "20T00:00+00"]),
    ("UTC", "0 0 L * *", "2028-02-01T00:00", ["29T00:00+00", "31T00:00+00"]),
    ("UTC", "0 0 LW * *", "2026-02-01T00:00", ["27T00:00+00", "31T00:00+00"]),
    ("UTC", "0 0 * * 1#2", "2026-11-01T00:00", ["09T00:00+00", "14T00:00+00"]),
    ("UTC", "0 0 * * 5L", "2026-11-01T00:00", ["27T00:00+00", "25T00:00+00"]),
    ("UTC", "5/15 * * * *", "2026-11-01T00:00", ["01T00:05+00", "01T00:20+00"]),
    ("UTC", "@weekly", "2026-11-20T00:00", ["22T00:00+00", "29T00:00+00"]),
]


@pytest.mark.parametrize(("zone_key", "expression", "after", "expected"), TABLE)
def test_next_due_times(zone_key: str, expression: str, after: str, expected: list[str]) -> None:
    schedule = Cron(expression, zone_key)
    found = preview_due_times(schedule, utc(after), len(expected))
    shown = [f"{moment:%dT%H:%M%z}" for moment in found]
    assert shown == [text if len(text) > 11 else text + "00" for text in expected]
    assert [latest_due(schedule, moment) for moment in found] == found


@pytest.mark.parametrize(("zone_key", "change"), CHANGES)
def test_the_moments_that_are_tested_are_changes_of_clocks(zone_key: str, change: str) -> None:
    at = utc(change).astimezone(zone(zone_key))
    before = (utc(change) - MILLISECOND).astimezone(zone(zone_key))
    assert at.utcoffset() != before.utcoffset()


def assert_agrees(expression: str, zone_key: str, start: datetime, end: datetime) -> list[datetime]:
    """Iterate forwards and backwards through [start, end], and compare with the oracle."""
    try:
        get_calendar(expression)
    except CronSimError:
        assume(False)
    schedule = Cron(expression, zone_key)
    expected = Oracle(expression).due_times(zone(zone_key), start, end)
    forwards, backwards = [], []
    due = next_due(schedule, start - MILLISECOND)
    while due is not None and due <= end:
        forwards.append(due)
        due = next_due(schedule, due)
    due = latest_due(schedule, end)
    while due is not None and due >= start:
        backwards.append(due)
        due = latest_due(schedule, due - MILLISECOND)
    assert forwards == expected
    assert backwards[::-1] == expected
    assert count_due(schedule, start - MILLISECOND, end) == len(expected)
    return expected


@settings(deadline=None, max_examples=200)
@given(five_fields(), places(), st.integers(-300, 300), st.tuples(OFFSETS, OFFSETS))
def test_five_fields_agree_with_a_watched_clock(
    expression: str, place: Place, shift: int, ends: tuple[int, int]
) -> None:
    zone_key, centre = place
    centre += timedelta(minutes=shift)
    start, end = centre - timedelta(hours=14), centre + timedelta(hours=14)
    expected = assert_agrees(expression, zone_key, start, end)
    low, high = sorted(start + part * MILLISECOND for part in ends)
    schedule = Cron(expression, zone_key)
    assert count_due(schedule, low, high) == bisect_right(expected, high) - bisect_right(expected, low)
    index = bisect_right(expected, low)
    if index < len(expected):
        assert next_due(schedule, low) == expected[index]
    index = bisect_right(expected, high)
    if index > 0:
        assert latest_due(schedule, high) == expected[index - 1]


@settings(deadline=None, max_examples=60)
@given(six_fields(), places(), st.integers(-70, 70))
def test_six_fields_agree_with_a_watched_clock(expression: str, place: Place, shift: int) -> None:
    zone_key, centre = place
    centre += timedelta(minutes=shift)
    start, end = centre - timedelta(minutes=75), centre + timedelta(minutes=75)
    expected = assert_agrees(expression, zone_key, start, end)
    inside = bisect_left(expected, centre)
    count = count_due(Cron(expression, zone_key), centre - MILLISECOND, end)
    assert count == len(expected) - inside


@settings(deadline=None, max_examples=100)
@given(five_fields(), places(), st.integers(0, 400), st.integers(0, 400))
def test_counts_add_up_across_years(expression: str, place: Place, first: int, second: int) -> None:
    try:
        get_calendar(expression)
    except CronSimError:
        assume(False)
    schedule, start = Cron(expression, place[0]), place[1]
    middle = start + timedelta(days=first, minutes=7)
    end = middle + timedelta(days=second, minutes=31)
    parts = count_due(schedule, start, middle) + count_due(schedule, middle, end)
    assert count_due(schedule, start, end) == parts
    if (due := latest_due(schedule, end)) is not None and due > start:
        assert count_due(schedule, start, due) == parts
        assert count_due(schedule, start, due - MILLISECOND) == parts - 1


@pytest.mark.parametrize("expression", ["0-59 0-23 * * *", "* * * * *", "0,20,40 0-23/2 * * *"])
@pytest.mark.parametrize(("zone_key", "change"), CHANGES)
def test_each_change_of_clocks_in_a_span(zone_key: str, change: str, expression: str) -> None:
    assert_agrees(expression, zone_key, utc(change) - timedelta(hours=3), utc(change) + timedelta(hours=3))


def test_a_year_of_a_watched_clock_in_the_zone_that_changes_by_half_an_hour() -> None:
    start, end = utc("2026-01-01T00:00"), utc("2027-01-01T00:00")
    schedule = Cron("7,45 1,2 * * *", "Australia/Lord_Howe")
    expected = assert_agrees(schedule.expression, schedule.time_zone, start, end)
    assert count_due(schedule, start, end) == len(expected) == 365 * 4


def test_the_end_of_the_calendar_is_no_error() -> None:
    last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert next_due(Cron("0 0 * * *", "UTC"), last) is None
    assert next_due(Cron("* * * * *", "Europe/Berlin"), last) is None
