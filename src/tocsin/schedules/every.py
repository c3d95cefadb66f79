"""Every interval: due times by arithmetic."""

from datetime import datetime

from tocsin.schedules.schedule import Every


def next_due(every: Every, after: datetime) -> datetime | None:
    """The first due time strictly later than `after`; None when it would be later than the end."""
    due = every.start if after < every.start else every.start + _passed(every, after) * every.interval
    return due if every.end is None or due <= every.end else None


def latest_due(every: Every, at: datetime) -> datetime | None:
    """The last due time that is not later than `at`; None before the start."""
    passed = _passed(every, at)
    return every.start + (passed - 1) * every.interval if passed else None


def count_due(every: Every, after: datetime, until: datetime) -> int:
    """How many due times lie in (after, until]."""
    return _passed(every, until) - _passed(every, after)


def _passed(every: Every, at: datetime) -> int:
    """How many due times are not later than `at`."""
    last = at if every.end is None else min(at, every.end)
    return 0 if last < every.start else (last - every.start) // every.interval + 1
