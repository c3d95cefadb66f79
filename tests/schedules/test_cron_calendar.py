from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from cronsim import CronSim, CronSimError
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.schedules.expressions import dates, five_fields, six_fields
from tests.schedules.oracle import Oracle
from tocsin.schedules.cron_calendar import NICKNAMES, CronCalendar, get_calendar, split_fields

MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2096, 1, 1))  # noqa: DTZ001


def readable(expression: str) -> CronCalendar:
    try:
        return CronCalendar(expression)
    except CronSimError:
        assume(False)
        raise


@settings(deadline=None, max_examples=150)
@given(dates(), st.dates(date(2000, 1, 1), date(2095, 1, 1)))
def test_days_are_those_of_the_oracle(days: str, first: date) -> None:
    calendar, oracle = readable(f"0 0 {days}"), Oracle(f"0 0 {days}")
    span = [first + timedelta(days=number) for number in range(800)]
    expected = [day for day in span if oracle.matches_day(day)]
    moment, found = datetime.combine(first, datetime.min.time()) - timedelta(seconds=1), []
    while (due := calendar.next(moment)) and due.date() <= span[-1]:
        found.append(due.date())
        moment = due
    assert found == expected


@settings(deadline=None, max_examples=150)
@given(st.one_of(five_fields(), six_fields(), dates().map("7,50 3,23 {}".format)), MOMENTS)
def test_without_zones_it_agrees_with_cronsim_both_ways(expression: str, moment: datetime) -> None:
    calendar = readable(expression)
    forwards, backwards = CronSim(expression, moment), CronSim(expression, moment, reverse=True)
    after = before = moment
    for _ in range(4):
        expected = next(forwards, None)
        assert calendar.next(after) == expected
        previous = calendar.latest(before - timedelta(microseconds=1))
        assert previous == next(backwards, None)
        if expected is None or previous is None:
            break
        after, before = expected, previous


@settings(deadline=None, max_examples=150)
@given(st.one_of(five_fields(), six_fields()), MOMENTS, st.integers(0, 300))
def test_counts_what_it_would_find(expression: str, after: datetime, steps: int) -> None:
    calendar, until = readable(expression), after
    for _ in range(steps):
        until = calendar.next(until) or until
    steps = steps if until > after else 0
    assert calendar.count(after, until) == steps
    assert calendar.count(after, after) == 0
    assert calendar.latest(until) == (until if steps else calendar.latest(after))


def test_nicknames_are_known_in_any_case() -> None:
    assert split_fields(" @Daily ") == ["0", "0", "*", "*", "*"]
    assert all(CronCalendar(name).next(datetime(2026, 1, 1)) for name in NICKNAMES)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("expression", "fixed"),
    [
        ("30 2 * * *", True),
        ("0-59/5 9-17 * * *", True),
        ("@daily", True),
        ("@hourly", False),
        ("*/5 2 * * *", False),
        ("0 */2 * * *", False),
        ("0 30 2 * * *", False),
    ],
)
def test_fixed_times_are_named_minutes_and_hours_of_five_fields(expression: str, fixed: bool) -> None:
    assert CronCalendar(expression).has_fixed_times is fixed


def test_a_date_that_never_comes_is_none_in_both_directions() -> None:
    calendar = CronCalendar("0 0 */31 * 1#2")
    assert calendar.next(datetime(2026, 1, 1)) is None  # noqa: DTZ001
    assert calendar.latest(datetime(2026, 1, 1)) is None  # noqa: DTZ001


def test_29_february_on_a_sunday_is_found_across_2100() -> None:
    calendar = CronCalendar("0 0 29 2 */7")
    found = [datetime(2088, 2, 29), datetime(2128, 2, 29)]  # noqa: DTZ001
    assert [calendar.next(datetime(2087, 1, 1)), calendar.next(found[0])] == found  # noqa: DTZ001
    assert [calendar.latest(found[1]), calendar.latest(found[1] - timedelta(1))] == found[::-1]


def test_an_expression_is_read_once() -> None:
    calendars = [get_calendar("1 2 3 4 5") for _ in range(3)]
    assert all(first is second for first, second in pairwise(calendars))
