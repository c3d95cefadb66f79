"""When something is due: once, every interval, or cron in a time zone. The present is always an argument."""

from tocsin.schedules.checking import check
from tocsin.schedules.due import count_due, latest_due, next_due, preview
from tocsin.schedules.misfire import DuePlan, Gap, Misfire, MisfirePolicy, check_misfire, leave_out, plan_due
from tocsin.schedules.schedule import Cron, Every, Once, Schedule, from_document, to_document
from tocsin.schedules.summary import summary

__all__ = [
    "Cron",
    "DuePlan",
    "Every",
    "Gap",
    "Misfire",
    "MisfirePolicy",
    "Once",
    "Schedule",
    "check",
    "check_misfire",
    "count_due",
    "from_document",
    "latest_due",
    "leave_out",
    "next_due",
    "plan_due",
    "preview",
    "summary",
    "to_document",
]
