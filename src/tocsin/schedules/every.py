"""Due times of interval schedules."""

from datetime import datetime

from tocsin.schedules.schedule import Every


def next_due(every: Every, after: datetime) -> datetime | None:
    """Return the first due time after `after`; None after the end."""
    due = every.start if after < every.start else every.start + _count_until(every, after) * every.interval
    return due if every.end is None or due <= every.end else None


def latest_due(every: Every, at: datetime) -> datetime | None:
    """Return the last due time not later than `at`; None before the start."""
    passed = _count_until(every, at)
    return every.start + (passed - 1) * every.interval if passed else None


def count_due(every: Every, after: datetime, until: datetime) -> int:
    """Count the due times in (after, until]."""
    return _count_until(every, until) - _count_until(every, after)


def _count_until(every: Every, at: datetime) -> int:
    """Return the number of due times not later than `at`."""
    last = at if every.end is None else min(at, every.end)
    return 0 if last < every.start else (last - every.start) // every.interval + 1
