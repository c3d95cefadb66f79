"""The times of digests by the wall clock, also where clocks change."""

from datetime import UTC, datetime, timedelta
from datetime import time as clock
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.notifications.preferences.test_quiet_hours import moments, utc
from tocsin.notifications.preferences.digest_times import DigestFrequency, DigestPlan, next_full_hour
from tocsin.schedules.time_zones import first_moment_at, get_zone

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)


def daily(hour: int = 8) -> DigestPlan:
    return DigestPlan(frequency=DigestFrequency.DAILY, hour=hour)


@pytest.mark.parametrize(
    ("name", "after", "due"),
    [
        ("Europe/Berlin", "2026-11-22T06:59:59.999", "2026-11-22T07:00"),
        ("Europe/Berlin", "2026-11-22T07:00", "2026-11-23T07:00"),
        ("Europe/Berlin", "2026-03-28T12:00", "2026-03-29T06:00"),  # an hour earlier in summer
        ("Asia/Kathmandu", "2026-11-22T00:00", "2026-11-22T02:15"),
    ],
)
def test_a_daily_digest_is_due_at_its_hour(name: str, after: str, due: str) -> None:
    assert daily().next_time(get_zone(name), utc(after)) == utc(due)


def test_a_skipped_hour_is_that_of_the_change_and_a_repeated_one_is_the_first() -> None:
    berlin = get_zone("Europe/Berlin")
    assert daily(2).next_time(berlin, utc("2026-03-28T12:00")) == utc("2026-03-29T01:00")
    assert daily(2).next_time(berlin, utc("2026-10-24T12:00")) == utc("2026-10-25T00:00")
    assert daily(2).next_time(berlin, utc("2026-10-25T00:00")) == utc("2026-10-26T01:00")


@pytest.mark.parametrize(
    ("name", "after", "due"),
    [
        ("UTC", "2026-11-22T09:00", "2026-11-22T10:00"),
        ("UTC", "2026-11-22T09:59:59.999", "2026-11-22T10:00"),
        ("Asia/Kathmandu", "2026-11-22T09:00", "2026-11-22T09:15"),
        ("Europe/Berlin", "2026-03-29T00:30", "2026-03-29T01:00"),
        ("Australia/Lord_Howe", "2026-04-04T14:45", "2026-04-04T15:30"),  # 01:45, then 01:30 again, then 02:00
    ],
)
def test_an_hourly_digest_is_due_at_each_full_hour(name: str, after: str, due: str) -> None:
    hourly = DigestPlan(frequency=DigestFrequency.HOURLY)
    assert hourly.next_time(get_zone(name), utc(after)) == utc(due)


@given(moments())
def test_full_hours_follow_each_other_without_a_gap(place: tuple[str, datetime]) -> None:
    name, moment = place
    due = next_full_hour(get_zone(name), moment)
    local = due.astimezone(get_zone(name))
    assert (local.minute, local.second) == (0, 0)
    assert moment < due <= moment + 1.5 * HOUR
    between = range(int(moment.timestamp()) // 60 + 1, int(due.timestamp()) // 60)
    minutes = [datetime.fromtimestamp(each * 60, UTC).astimezone(get_zone(name)).minute for each in between]
    assert 0 not in minutes


@given(moments(), st.integers(0, 23))
def test_days_follow_each_other_and_each_day_that_exists_has_one(place: tuple[str, datetime], hour: int) -> None:
    name, moment = place
    zone = get_zone(name)
    due = daily(hour).next_time(zone, moment)
    assert moment < due
    assert daily(hour).next_time(zone, due - SECOND) == due
    days = [moment.astimezone(zone).date() + timedelta(days=days) for days in range(-1, 3)]
    moments_of_days = [first_moment_at(zone, datetime.combine(day, clock(hour))) for day in days]
    assert due == min(each for each in moments_of_days if each > moment)


def test_without_digests_there_is_no_wait() -> None:
    assert DigestPlan().next_time(get_zone("UTC"), utc("2026-11-22T09:30")) == utc("2026-11-22T09:30")


@given(st.builds(DigestPlan, frequency=st.sampled_from(DigestFrequency), hour=st.integers(0, 23)))
def test_a_plan_is_restored_from_its_stored_form(plan: Any) -> None:
    assert DigestPlan.from_document(plan.to_document()) == plan
