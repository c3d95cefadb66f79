"""Cron in a time zone: conversion of matching wall clock times to UTC across clock changes.

The rules are those of Debian cron (cron(8)), which cronsim follows too:

- If minute and hour are both named ("30 2 * * *", five fields), each matching time is due when the wall clock first
  reaches or passes it. Skipped times are due once, at the clock change; a repeated time is due only the first time.
- Otherwise ("*/15 * * * *", "0 * * * *", or six fields), a run is due whenever the wall clock shows a matching time. A
  skipped time is not due, a repeated one is due twice.

cronsim's own iteration through time zones is not used: it steps by whole hours and misses times where clocks change by
half an hour (Lord Howe), invents midnights that were skipped (Havana), and may go backwards in a repeated hour.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from tocsin.schedules.cron_calendar import CronCalendar, get_calendar
from tocsin.schedules.schedule import Cron
from tocsin.schedules.time_zones import (
    first_moment_at,
    first_offset_change,
    get_zone,
    iter_offset_changes,
    last_offset_change,
    utc_offset_at,
)

_SECOND = timedelta(seconds=1)
# The longest period that a zone has ever repeated is a day (when the date line moved).
_LONGEST_OVERLAP = timedelta(days=2)


def next_due(cron: Cron, after: datetime) -> datetime | None:
    """Return the first due time after `after` (UTC); None if there is none within 50 years."""
    calendar, zone = get_calendar(cron.expression), get_zone(cron.time_zone)
    return (_next_fixed if calendar.has_fixed_times else _next_shown)(calendar, zone, after)


def latest_due(cron: Cron, at: datetime) -> datetime | None:
    """Return the last due time not later than `at` (UTC); None if there is none within 50 years."""
    calendar, zone = get_calendar(cron.expression), get_zone(cron.time_zone)
    return (_latest_fixed if calendar.has_fixed_times else _latest_shown)(calendar, zone, at)


def count_due(cron: Cron, after: datetime, until: datetime) -> int:
    """Count the due times in (after, until], both in UTC."""
    calendar, zone = get_calendar(cron.expression), get_zone(cron.time_zone)
    return (_count_fixed if calendar.has_fixed_times else _count_shown)(calendar, zone, after, until)


def _next_shown(calendar: CronCalendar, zone: ZoneInfo, after: datetime) -> datetime | None:
    offset = utc_offset_at(zone, after)
    wall = _to_wall(after, offset)
    while (match := calendar.next(wall)) is not None:
        due = _to_utc(match, offset)
        change = first_offset_change(zone, after, due)
        if change is None:
            return due
        after, offset = change, utc_offset_at(zone, change)
        wall = _to_wall(change - _SECOND, offset)
    return None


def _latest_shown(calendar: CronCalendar, zone: ZoneInfo, at: datetime) -> datetime | None:
    offset = utc_offset_at(zone, at)
    while (match := calendar.latest(_to_wall(at, offset))) is not None:
        due = _to_utc(match, offset)
        change = last_offset_change(zone, due, at)
        if change is None:
            return due
        at = change - _SECOND
        offset = utc_offset_at(zone, at)
    return None


def _count_shown(calendar: CronCalendar, zone: ZoneInfo, after: datetime, until: datetime) -> int:
    count, wall, offset = 0, _to_wall(after, utc_offset_at(zone, after)), utc_offset_at(zone, after)
    for change in iter_offset_changes(zone, after, until):
        count += calendar.count(wall, _to_wall(change - _SECOND, offset))
        offset = utc_offset_at(zone, change)
        wall = _to_wall(change - _SECOND, offset)
    return count + calendar.count(wall, _to_wall(until, offset))


def _next_fixed(calendar: CronCalendar, zone: ZoneInfo, after: datetime) -> datetime | None:
    match = calendar.next(_furthest_wall(zone, after))
    return None if match is None else first_moment_at(zone, match)


def _latest_fixed(calendar: CronCalendar, zone: ZoneInfo, at: datetime) -> datetime | None:
    match = calendar.latest(_furthest_wall(zone, at))
    return None if match is None else first_moment_at(zone, match)


def _count_fixed(calendar: CronCalendar, zone: ZoneInfo, after: datetime, until: datetime) -> int:
    count = calendar.count(_furthest_wall(zone, after), _furthest_wall(zone, until))
    for change in iter_offset_changes(zone, after, until):
        skipped_from = _to_wall(change, utc_offset_at(zone, change - _SECOND))
        skipped_to = _to_wall(change, utc_offset_at(zone, change))
        if skipped_from < skipped_to:  # all skipped times are due at once
            count -= max(0, calendar.count(skipped_from - _SECOND, skipped_to) - 1)
    return count


def _furthest_wall(zone: ZoneInfo, moment: datetime) -> datetime:
    """Return the latest time that the zone's wall clock has shown: the end of an hour that is repeating."""
    local = moment.astimezone(zone)
    if local.fold == 0:
        return local.replace(tzinfo=None)
    change = last_offset_change(zone, moment - _LONGEST_OVERLAP, moment)
    if change is None:
        return local.replace(tzinfo=None)
    return _to_wall(change, utc_offset_at(zone, change - _SECOND)) - _SECOND


def _to_wall(moment: datetime, offset: timedelta) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None) + offset


def _to_utc(wall: datetime, offset: timedelta) -> datetime:
    return (wall - offset).replace(tzinfo=UTC)
