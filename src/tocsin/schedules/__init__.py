"""When something is due: once, every interval, or cron in a time zone. The present is always an argument."""

from tocsin.schedules.description import summary
from tocsin.schedules.due import count_due, latest_due, next_due, preview, shortest_interval
from tocsin.schedules.misfire import DuePlan, Gap, Misfire, MisfirePolicy, check_misfire, leave_out, pass_over, plan_due
from tocsin.schedules.revision import default_start, first_due, postponed, revise
from tocsin.schedules.schedule import Cron, Every, Once, Plain, Revised, Schedule, from_document, plain, to_document
from tocsin.schedules.validation import check

__all__ = [
    "Cron",
    "DuePlan",
    "Every",
    "Gap",
    "Misfire",
    "MisfirePolicy",
    "Once",
    "Plain",
    "Revised",
    "Schedule",
    "check",
    "check_misfire",
    "count_due",
    "default_start",
    "first_due",
    "from_document",
    "latest_due",
    "leave_out",
    "next_due",
    "pass_over",
    "plain",
    "plan_due",
    "postponed",
    "preview",
    "revise",
    "shortest_interval",
    "summary",
    "to_document",
]
