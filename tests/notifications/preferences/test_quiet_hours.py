"""Quiet hours by the wall clock: over midnight, on weekdays, and where clocks change."""

from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tocsin.notifications.preferences.quiet_hours import QuietHours
from tocsin.schedules.time_zones import get_zone

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
BERLIN = get_zone("Europe/Berlin")
MONDAY, SATURDAY, SUNDAY = 0, 5, 6
# Where clocks change by an hour, by half an hour, at midnight, by a whole day, and zones of 45 minutes.
CHANGES = [
    ("Europe/Berlin", datetime(2026, 3, 29, 1, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
    ("America/Havana", datetime(2026, 3, 8, 5, tzinfo=UTC)),
    ("Pacific/Chatham", datetime(2026, 4, 4, 14, tzinfo=UTC)),
    ("Asia/Kathmandu", datetime(2026, 3, 1, 0, tzinfo=UTC)),
    ("Pacific/Apia", datetime(2011, 12, 30, 10, tzinfo=UTC)),
    ("America/St_Johns", datetime(2006, 10, 29, 2, 31, tzinfo=UTC)),
]


def at(hour: int, minute: int = 0) -> int:
    return hour * 60 + minute


def hours(begin: int, end: int, *days: int, **more: Any) -> QuietHours:
    return QuietHours(begin=begin, end=end, days=frozenset(days or range(7)), **more)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("quiet", "moment", "end"),
    [
        (hours(at(22), at(7)), "2026-11-22T20:59", None),  # 21:59 in Berlin
        (hours(at(22), at(7)), "2026-11-22T21:00", "2026-11-23T06:00"),
        (hours(at(22), at(7)), "2026-11-23T05:59:59.999", "2026-11-23T06:00"),
        (hours(at(22), at(7)), "2026-11-23T06:00", None),
        (hours(at(12), at(13, 30)), "2026-11-23T11:15", "2026-11-23T12:30"),
        (hours(at(22), at(7), SUNDAY), "2026-11-23T05:00", "2026-11-23T06:00"),  # the night to Monday began on Sunday
        (hours(at(22), at(7), MONDAY), "2026-11-23T05:00", None),
        (hours(0, 0, SATURDAY, SUNDAY), "2026-11-21T12:00", "2026-11-22T23:00"),  # both days, as one
        (hours(at(18), at(18), SATURDAY), "2026-11-22T16:59", "2026-11-22T17:00"),
        # Clocks are set forward from 02:00 to 03:00: the end is skipped, or the beginning.
        (hours(at(22), at(2, 30)), "2026-03-29T00:30", "2026-03-29T01:00"),
        (hours(at(2, 30), at(4)), "2026-03-29T01:00", "2026-03-29T02:00"),
        (hours(at(2, 15), at(2, 45)), "2026-03-29T01:00", None),
        # Clocks are set back from 03:00 to 02:00: the end is the second one, the beginning the first.
        (hours(at(22), at(2, 30)), "2026-10-25T00:45", "2026-10-25T01:30"),
        (hours(at(2, 30), at(4)), "2026-10-25T00:30", "2026-10-25T03:00"),
    ],
)
def test_they_end_by_the_wall_clock(quiet: QuietHours, moment: str, end: str | None) -> None:
    assert quiet.find_end(BERLIN, utc(moment)) == (None if end is None else utc(end))


@st.composite
def moments(draw: Any) -> tuple[str, datetime]:
    name, change = draw(st.sampled_from(CHANGES))
    return name, change + draw(st.integers(-2 * 24 * 60, 2 * 24 * 60)) * MINUTE


@lru_cache
def _watch(name: str, start: datetime) -> tuple[list[datetime], list[datetime]]:
    """Watch a clock in each minute of 11 days: the latest time that it has shown, and the earliest it is still to show.

    Both only grow.
    """
    walk = [start + minutes * MINUTE for minutes in range(11 * 24 * 60)]
    shown = [each.astimezone(get_zone(name)).replace(tzinfo=None) for each in walk]
    return list(accumulate(shown, max)), list(accumulate(reversed(shown), min))[::-1]


def _quiet_by_watching(quiet: QuietHours, name: str, moment: datetime) -> bool:
    """Hours begin when the clock first shows their begin or a later time, and end when it shows none before the end."""
    near = [change for zone, change in CHANGES if zone == name and abs(change - moment) < 5 * DAY]
    start = near[0] - 5.5 * DAY
    latest, earliest = _watch(name, start)
    today = moment.astimezone(get_zone(name)).date()
    for day in (today + days * DAY for days in range(-2, 3)):
        midnight = datetime.combine(day, datetime.min.time())
        begin = midnight + quiet.begin * MINUTE
        end = midnight + (quiet.end + (0 if quiet.begin < quiet.end else 24 * 60)) * MINUTE
        if day.weekday() in quiet.days:
            first, after = bisect_left(latest, begin), bisect_left(earliest, end)
            if first <= (moment - start) // MINUTE < after:
                return True
    return False


@st.composite
def nights(draw: Any) -> tuple[str, datetime, QuietHours]:
    """Return quiet hours and a moment near a change of clocks, which the hours often touch, too."""
    name, change = draw(st.sampled_from(CHANGES))
    shown = change.astimezone(get_zone(name))
    near = st.integers(-100, 100).map(lambda minutes: (shown.hour * 60 + shown.minute + minutes) % 1440)
    begin, end = draw(near | st.integers(0, 1439)), draw(near | st.integers(0, 1439))
    moment = change + draw(st.integers(-120, 120) | st.integers(-1_500, 1_500)) * MINUTE
    days = draw(st.sampled_from([range(7), range(5), [shown.weekday()], [(shown.weekday() - 1) % 7]]))
    quiet = hours(begin, end, *days)
    assume(not quiet.is_endless)
    return name, moment, quiet


quiet_hours = nights().map(lambda drawn: drawn[2])


@settings(max_examples=400)
@given(nights())
def test_they_are_those_of_a_clock_on_the_wall(place: tuple[str, datetime, QuietHours]) -> None:
    name, moment, quiet = place
    end = quiet.find_end(get_zone(name), moment)
    assert (end is not None) == _quiet_by_watching(quiet, name, moment)
    if end is not None:
        assert end > moment
        assert not _quiet_by_watching(quiet, name, end)
        assert _quiet_by_watching(quiet, name, end - MINUTE)


@given(nights(), st.integers(1, 600))
def test_all_moments_until_the_end_have_the_same_end(place: tuple[str, datetime, QuietHours], minutes: int) -> None:
    name, moment, quiet = place
    end, later = quiet.find_end(get_zone(name), moment), moment + minutes * MINUTE
    if end is not None and later < end:
        assert quiet.find_end(get_zone(name), later) == end


def test_kinds_and_channels_can_be_excepted() -> None:
    quiet = hours(0, 60, except_kinds=frozenset({"FAILED_FOR_GOOD"}), except_channels=frozenset({"u1/c1"}))
    assert quiet.silence("APPROVAL", "mail")
    assert not quiet.silence("FAILED_FOR_GOOD", "mail")
    assert not quiet.silence("APPROVAL", "u1/c1")


@pytest.mark.parametrize(("quiet", "endless"), [(hours(60, 60), True), (hours(60, 59), False), (hours(0, 0, 1), False)])
def test_hours_of_all_days_are_endless(quiet: QuietHours, endless: bool) -> None:
    assert quiet.is_endless is endless


@given(quiet_hours)
def test_they_are_restored_from_their_stored_form(quiet: QuietHours) -> None:
    assert QuietHours.from_document(quiet.to_document()) == quiet
