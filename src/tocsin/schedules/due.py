"""Due times of a schedule: next, latest, count and preview."""

from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from itertools import pairwise

from cronsim import CronSimError

from tocsin.clock import MILLISECOND
from tocsin.schedules import cron, every
from tocsin.schedules.schedule import Cron, Every, Once, RevisedSchedule, Schedule, ScheduleDocument, current_schedule
from tocsin.schedules.time_zones import get_zone, utc_offset_at

_FEW = 13
"""Due times from which the shortest interval is found: with "*/7" it is the last one within the hour."""
_YEAR = timedelta(days=366)
_CENTURY = 100 * _YEAR


def next_due(schedule: Schedule, after: datetime) -> datetime | None:
    """Return the first due time after `after` (aware); None if there is none.

    The schedule must be valid: an invalid cron expression raises cronsim's error, an invalid time zone KeyError.
    """
    try:
        match schedule:
            case Once(at):
                return at if at > after else None
            case Every():
                return every.next_due(schedule, after)
            case Cron():
                return cron.next_due(schedule, after.astimezone(UTC))
            case RevisedSchedule():
                return _next_revised(schedule, after)
    except OverflowError:  # after the year 9999
        return None


def latest_due(schedule: Schedule, at: datetime) -> datetime | None:
    """Return the last due time not later than `at` (aware); None if there is none. A cron schedule has no start."""
    try:
        match schedule:
            case Once():
                return schedule.at if schedule.at <= at else None
            case Every():
                return every.latest_due(schedule, at)
            case Cron():
                return cron.latest_due(schedule, at.astimezone(UTC))
            case RevisedSchedule():
                return _latest_revised(schedule, at)
    except OverflowError:  # before the year 1
        return None


def count_due(schedule: Schedule, after: datetime, until: datetime) -> int:
    """Count the due times in (after, until] exactly, without iterating over them."""
    if until <= after:
        return 0
    match schedule:
        case Once(at):
            return int(after < at <= until)
        case Every():
            return every.count_due(schedule, after, until)
        case Cron():
            return cron.count_due(schedule, after.astimezone(UTC), until.astimezone(UTC))
        case RevisedSchedule(current, former, since):
            return count_due(former, after, min(until, since)) + count_due(current, max(after, since), until)


def _next_revised(revised: RevisedSchedule, after: datetime) -> datetime | None:
    due = next_due(revised.former, after) if after < revised.since else None
    if due is not None and due <= revised.since:
        return due
    return next_due(revised.schedule, max(after, revised.since))


def _latest_revised(revised: RevisedSchedule, at: datetime) -> datetime | None:
    due = latest_due(revised.schedule, at) if at > revised.since else None
    if due is not None and due > revised.since:
        return due
    return latest_due(revised.former, min(at, revised.since))


def preview_due_times(schedule: Schedule, after: datetime, count: int) -> list[datetime]:
    """Return the first `count` due times after `after`: with the zone's offset for cron, else in UTC.

    They span little more than a century: each 29 February on a Sunday takes long to find.
    """
    found: list[datetime] = []
    due = next_due(schedule, after)
    while due is not None and len(found) < count:
        found.append(_with_offset(due, schedule.time_zone) if isinstance(schedule, Cron) else due)
        due = None if due - found[0] > _CENTURY else next_due(schedule, due)
    return found


def find_shortest_interval(schedule: Schedule, now: datetime) -> timedelta | None:
    """Return the shortest time between due times, for cron among the next few after `now`; None for a one-off."""
    current = current_schedule(schedule)
    if not isinstance(current, Cron):
        return current.interval if isinstance(current, Every) else None
    dues: list[datetime] = []
    due = next_due(current, now)
    while due is not None and len(dues) < _FEW and (len(dues) < 2 or due - dues[0] < _YEAR):
        dues.append(due)
        due = next_due(current, due)
    return min((later - earlier for earlier, later in pairwise(dues)), default=None)


def shortest_interval_ms(schedule: ScheduleDocument | None, now: datetime) -> int | None:
    """Return the shortest time between due times in milliseconds; None for a one-off or unreadable schedule.

    The result is the same throughout a calendar year, so that it is computed once for each expression.
    """
    match schedule:
        case {"kind": "every", "interval_ms": int(interval)}:
            return interval
        case {"kind": "cron", "expression": str(expression), "time_zone": str(time_zone)}:
            return _cron_interval_ms(expression, time_zone, now.year)
        case _:
            return None


@lru_cache(maxsize=4096)
def _cron_interval_ms(expression: str, time_zone: str, year: int) -> int | None:
    try:
        interval = find_shortest_interval(Cron(expression, time_zone), datetime(year, 1, 1, tzinfo=UTC))
    except (CronSimError, KeyError):
        return None
    return None if interval is None else interval // MILLISECOND


def _with_offset(due: datetime, time_zone: str) -> datetime:
    # With an offset instead of the zone: in a repeated hour, a time with a zone is unequal to the same moment in UTC.
    return due.astimezone(timezone(utc_offset_at(get_zone(time_zone), due)))
