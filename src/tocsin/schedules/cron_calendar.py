"""Matching times of a cron expression on a calendar without time zones: naive datetimes in whole seconds.

`cronsim` parses the expression (Debian cron's rules) and decides which days match. Times of day are found by rank: the
N times of day in the expression are numbered 0 ... N-1, so that next, latest and count need no search.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from cronsim import CronSim

NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
# 29 February on a given weekday occurs every 28 years, or 40 across a century year without a leap day.
_HORIZON = timedelta(days=50 * 366)
_DAY = timedelta(days=1)


def split_fields(expression: str) -> list[str]:
    """Return the fields of an expression, with nicknames expanded: five or six if it is valid."""
    text = expression.strip()
    return NICKNAMES.get(text.lower(), text).split()


class CronCalendar:
    """The matching times of a cron expression. Raises cronsim.CronSimError for an invalid one."""

    def __init__(self, expression: str) -> None:
        fields = split_fields(expression)
        sim = CronSim(" ".join(fields), datetime(2000, 1, 1))  # noqa: DTZ001
        self._match_day = sim.match_day
        self._months = sim.months
        self._hours = sorted(sim.hours)
        self._minutes = sorted(sim.minutes)
        self._seconds = sorted(sim.seconds)
        self._per_day = len(self._hours) * len(self._minutes) * len(self._seconds)
        self.has_fixed_times = len(fields) == 5 and not any(field.startswith("*") for field in fields[:2])
        """True if the expression names minutes and hours: such times of day are due even when clocks change."""

    def next(self, after: datetime) -> datetime | None:
        """Return the first matching time after `after`; None if there is none within 50 years."""
        rank = self._count_times_until(after)
        if rank < self._per_day and self._matches(after.date()):
            return self._time_at(after.date(), rank)
        day = next(self._matching_days(after.date() + _DAY, after.date() + _HORIZON), None)
        return None if day is None else self._time_at(day, 0)

    def latest(self, at: datetime) -> datetime | None:
        """Return the last matching time not later than `at`; None if there is none within 50 years."""
        rank = self._count_times_until(at)
        if rank > 0 and self._matches(at.date()):
            return self._time_at(at.date(), rank - 1)
        day = self._day_before(at.date())
        return None if day is None else self._time_at(day, self._per_day - 1)

    def count(self, after: datetime, until: datetime) -> int:
        """Count the matching times in (after, until]."""
        days = sum(1 for _ in self._matching_days(after.date(), until.date()))
        return days * self._per_day + self._count_on_day_until(until) - self._count_on_day_until(after)

    def _matches(self, day: date) -> bool:
        return day.month in self._months and self._match_day(day)

    def _matching_days(self, first: date, end: date) -> Iterator[date]:
        """Yield the matching days in [first, end)."""
        day = first
        while day < end:
            if day.month not in self._months:
                day = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
                continue
            if self._match_day(day):
                yield day
            day += _DAY

    def _day_before(self, day: date) -> date | None:
        horizon = day - _HORIZON
        day -= _DAY
        while not self._matches(day):
            day = day - _DAY if day.month in self._months else day.replace(day=1) - _DAY
            if day < horizon:
                return None
        return day

    def _count_on_day_until(self, moment: datetime) -> int:
        return self._count_times_until(moment) if self._matches(moment.date()) else 0

    def _count_times_until(self, moment: datetime) -> int:
        """Return the number of times of day that are not later than this one."""
        hour, minute = bisect_left(self._hours, moment.hour), bisect_left(self._minutes, moment.minute)
        rank = hour * len(self._minutes)
        if self._hours[hour : hour + 1] != [moment.hour]:
            return rank * len(self._seconds)
        rank = (rank + minute) * len(self._seconds)
        if self._minutes[minute : minute + 1] != [moment.minute]:
            return rank
        return rank + bisect_right(self._seconds, moment.second)

    def _time_at(self, day: date, rank: int) -> datetime:
        rank, second = divmod(rank, len(self._seconds))
        hour, minute = divmod(rank, len(self._minutes))
        clock = time(self._hours[hour], self._minutes[minute], self._seconds[second])
        return datetime.combine(day, clock)


@lru_cache(maxsize=4096)
def get_calendar(expression: str) -> CronCalendar:
    """Return the calendar of an expression, cached because parsing is slow. Raises cronsim.CronSimError."""
    return CronCalendar(expression)
