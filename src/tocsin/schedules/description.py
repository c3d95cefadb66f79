"""Descriptions of schedules."""

from datetime import UTC, datetime, timedelta

from tocsin.schedules.schedule import Cron, Every, Once, Schedule, current_schedule
from tocsin.schedules.time_zones import format_fixed_offset

_UNITS = (("day", 86_400_000), ("hour", 3_600_000), ("minute", 60_000))


def describe_schedule(schedule: Schedule) -> str:
    """Describe a schedule: "every 15 minutes from 2026-11-22T10:00:00Z", "cron 0 9 * * 1-5 in Europe/Berlin"."""
    match current_schedule(schedule):
        case Once(at):
            return f"once at {_moment(at)}"
        case Every(interval, start, end):
            until = "" if end is None else f" until {_moment(end)}"
            return f"every {describe_duration(interval)} from {_moment(start)}{until}"
        case Cron(expression, time_zone):
            offset = format_fixed_offset(time_zone)
            return f"cron {' '.join(expression.split())} in {time_zone}" + (f" ({offset})" if offset else "")


def describe_duration(duration: timedelta) -> str:
    """Describe a duration, such as "15 minutes", "1 hour 30 minutes" or "1.5 seconds". One unit is written "hour"."""
    rest = duration // timedelta(milliseconds=1)
    parts: list[tuple[float, str]] = []
    for unit, size in _UNITS:
        number, rest = divmod(rest, size)
        parts += [(number, unit)] if number else []
    if rest or not parts:
        parts.append((rest // 1000 if rest % 1000 == 0 else rest / 1000, "second"))
    if len(parts) == 1 and parts[0][0] == 1:
        return parts[0][1]
    return " ".join(f"{number} {unit}{'' if number == 1 else 's'}" for number, unit in parts)


def _moment(moment: datetime) -> str:
    precision = "milliseconds" if moment.microsecond else "seconds"
    return moment.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")
