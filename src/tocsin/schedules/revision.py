"""The due times of a schedule that is saved, saved again, or replaced by another."""

from datetime import datetime, timedelta

from tocsin.clock import MILLISECOND
from tocsin.schedules.due import next_due
from tocsin.schedules.iso8601 import format_datetime
from tocsin.schedules.schedule import Every, Once, RevisedSchedule, Schedule, SimpleSchedule, current_schedule


def first_due(schedule: Schedule, now: datetime, last_due_at: datetime | None = None) -> datetime | None:
    """The due time that a task gets when it is saved or resumed: later than every due time it had before.

    A one-off task whose time has passed keeps that time: its misfire policy decides. Others go to the next one ahead.
    """
    current = current_schedule(schedule)
    if isinstance(current, Once):
        return current.at if last_due_at is None or current.at > last_due_at else None
    after = now - MILLISECOND if last_due_at is None else max(now, last_due_at)
    return next_due(current, after)


def choose_start(interval: timedelta, before: SimpleSchedule | None, now: datetime) -> datetime:
    """The start of an interval schedule that names none: that of the schedule it replaces if the interval is the same.

    Otherwise one interval from now. An interval that leads out of the calendar is refused by `check`.
    """
    if isinstance(before, Every) and before.interval == interval:
        return before.start
    try:
        return now + interval
    except OverflowError:
        return now


def revise_schedule(
    before: Schedule, next_run_at: datetime | None, last_due_at: datetime | None, new: SimpleSchedule, now: datetime
) -> tuple[Schedule, datetime | None]:
    """The schedule to store in place of `before`, and its first due time; None if `new` has none ahead.

    A due time that has passed but is not met yet (`next_run_at`) stands, as do those that have passed since: they were
    promised before the edit. `new` applies to all later ones.
    """
    first = first_due(new, now, last_due_at)
    if first is None or next_run_at is None or next_run_at > now:
        return new, first
    if isinstance(new, Once) and new.at <= now:
        new = postpone(new, now)
    return RevisedSchedule(new, _unmet(before, next_run_at), now), next_run_at


def postpone(once: Once, passed: datetime) -> Once:
    """The one-off schedule, due right after the moment that has passed."""
    return Once(passed + MILLISECOND, once.requested or format_datetime(once.at))


def _unmet(before: Schedule, next_run_at: datetime) -> Schedule:
    """The schedule without those that it replaced, unless due times of these are still to be met."""
    return before.schedule if isinstance(before, RevisedSchedule) and next_run_at > before.since else before
