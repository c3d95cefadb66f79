"""Due times of schedules that are saved, resumed or replaced."""

from datetime import datetime, timedelta

from tocsin.clock import MILLISECOND
from tocsin.schedules.due import next_due
from tocsin.schedules.iso8601 import format_datetime
from tocsin.schedules.schedule import Every, Once, RevisedSchedule, Schedule, SimpleSchedule, current_schedule


def first_due(schedule: Schedule, now: datetime, last_due_at: datetime | None = None) -> datetime | None:
    """Return the first due time of a task that is saved or resumed, later than all of its earlier ones.

    A one-off task whose time has passed keeps that time, and its misfire policy applies. Other schedules continue with
    the next due time in the future.
    """
    current = current_schedule(schedule)
    if isinstance(current, Once):
        return current.at if last_due_at is None or current.at > last_due_at else None
    after = now - MILLISECOND if last_due_at is None else max(now, last_due_at)
    return next_due(current, after)


def choose_start(interval: timedelta, before: SimpleSchedule | None, now: datetime) -> datetime:
    """Return the start of an interval schedule without one: that of the replaced schedule if the interval is equal.

    Otherwise one interval from now. `validate_schedule` rejects an interval that exceeds the calendar.
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
    """Return the schedule that replaces `before`, and its first due time; None if `new` has none in the future.

    Due times that have passed but were not processed yet (from `next_run_at` on) stay due. `new` applies to later ones.
    """
    first = first_due(new, now, last_due_at)
    if first is None or next_run_at is None or next_run_at > now:
        return new, first
    if isinstance(new, Once) and new.at <= now:
        new = postpone(new, now)
    return RevisedSchedule(new, _without_met(before, next_run_at), now), next_run_at


def postpone(once: Once, passed: datetime) -> Once:
    """Return the one-off schedule, due right after `passed`."""
    return Once(passed + MILLISECOND, once.requested or format_datetime(once.at))


def _without_met(before: Schedule, next_run_at: datetime) -> Schedule:
    """Return the schedule without those that it replaced, unless due times of these are still pending."""
    return before.schedule if isinstance(before, RevisedSchedule) and next_run_at > before.since else before
