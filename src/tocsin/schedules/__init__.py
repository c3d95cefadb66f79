"""Schedules: once, every interval, or cron in a time zone. The current time is always an argument."""

from tocsin.schedules.description import describe_briefly, describe_schedule
from tocsin.schedules.due import (
    count_due,
    find_shortest_interval,
    latest_due,
    next_due,
    preview_due_times,
    shortest_interval_ms,
)
from tocsin.schedules.misfire import (
    DuePlan,
    Gap,
    Misfire,
    MisfireDocument,
    MisfirePolicy,
    exclude_covered,
    plan_due_times,
    skip_due_times,
    validate_misfire,
)
from tocsin.schedules.revision import choose_start, first_due, postpone, revise_schedule
from tocsin.schedules.schedule import (
    Cron,
    Every,
    Once,
    RevisedSchedule,
    Schedule,
    ScheduleDocument,
    SimpleSchedule,
    current_schedule,
    schedule_from_document,
    schedule_to_document,
)
from tocsin.schedules.validation import validate_schedule

__all__ = [
    "Cron",
    "DuePlan",
    "Every",
    "Gap",
    "Misfire",
    "MisfireDocument",
    "MisfirePolicy",
    "Once",
    "RevisedSchedule",
    "Schedule",
    "ScheduleDocument",
    "SimpleSchedule",
    "choose_start",
    "count_due",
    "current_schedule",
    "describe_briefly",
    "describe_schedule",
    "exclude_covered",
    "find_shortest_interval",
    "first_due",
    "latest_due",
    "next_due",
    "plan_due_times",
    "postpone",
    "preview_due_times",
    "revise_schedule",
    "schedule_from_document",
    "schedule_to_document",
    "shortest_interval_ms",
    "skip_due_times",
    "validate_misfire",
    "validate_schedule",
]
