"""Validation of schedules."""

from datetime import datetime, timedelta

from tocsin.clock import MILLISECOND
from tocsin.errors import InvalidInput
from tocsin.schedules.cron_faults import validate_cron
from tocsin.schedules.schedule import Cron, Every, Once, Schedule, current_schedule
from tocsin.schedules.time_zones import format_fixed_offset, get_zone, suggest_zone

MIN_INTERVAL = timedelta(seconds=1)
MAX_INTERVAL = timedelta(days=36_525)


def validate_schedule(schedule: Schedule) -> None:
    """Validate a schedule. Raises InvalidInput with a path relative to the API's schedule input."""
    match current_schedule(schedule):
        case Once(at):
            _check_moment(at, "at")
        case Every() as every:
            _check_every(every)
        case Cron() as cron:
            _check_cron(cron)


def _check_every(every: Every) -> None:
    if not MIN_INTERVAL <= every.interval <= MAX_INTERVAL:
        raise InvalidInput(
            'The interval must be between one second and 100 years, for example "PT15M".', "every", "interval"
        )
    if every.interval % MILLISECOND:
        raise InvalidInput('The interval must be in whole milliseconds, for example "PT1.5S".', "every", "interval")
    _check_moment(every.start, "every", "start")
    if every.end is None:
        return
    _check_moment(every.end, "every", "end")
    if every.end < every.start:
        raise InvalidInput("The end is before the start. It must be the same time or later.", "every", "end")


def _check_cron(cron: Cron) -> None:
    try:
        validate_cron(cron.expression)
    except InvalidInput as error:
        raise error.prefix_path("cron", "expression") from None
    try:
        get_zone(cron.time_zone)
    except KeyError:
        raise InvalidInput(_wrong_zone(cron.time_zone), "cron", "timeZone") from None


def _wrong_zone(key: str) -> str:
    right = "Use an IANA name such as Europe/Berlin or UTC."
    if not key.strip():
        return f"The time zone is empty. {right}"
    shown = "".join(char if char.isprintable() else " " for char in key[:64])
    if (nearest := suggest_zone(key)) is not None:
        offset = format_fixed_offset(nearest)
        meaning = "" if offset is None else f", which is {offset} (the sign in its name is reversed)"
        return f'The time zone "{shown}" is unknown. Did you mean {nearest}{meaning}?'
    return f'The time zone "{shown}" is unknown. {right}'


def _check_moment(moment: datetime, *path: str) -> None:
    if moment.tzinfo is None:
        raise InvalidInput('The time must have an offset to UTC, for example "2026-11-22T09:00:00Z".', *path)
    if not 1970 <= moment.year <= 9998:
        raise InvalidInput("The time must be between the years 1970 and 9998.", *path)
