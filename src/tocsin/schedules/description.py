"""Descriptions of schedules."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from cronsim import CronSim

from tocsin.schedules.cron_calendar import split_fields
from tocsin.schedules.schedule import Cron, Every, Once, Schedule, current_schedule
from tocsin.schedules.time_zones import format_fixed_offset

_DAYS_OF_MONTH, _DAYS_OF_WEEK = set(range(1, 32)), set(range(7))
_AT_TIMES_ON_DAYS = re.compile(r"(at \d\d:\d\d[^a-z]*(?:and \d\d:\d\d)?) (every day|on .+)")
_ORDINAL_UNIT = re.compile(r"^every (\d+)(?:st|nd|rd|th) (minute|second) of every (?:hour|minute)")
_DAYS = {"every day": "daily", "on Monday through Friday": "weekdays", "on Saturday and Sunday": "weekends"}
_UNITS = (("day", 86_400_000), ("hour", 3_600_000), ("minute", 60_000))


def describe_schedule(schedule: Schedule) -> str:
    """Return the schedule in words, such as "every 15 minutes from 2026-11-22T10:00:00Z".

    A cron expression follows its words: "at 09:00 on Monday through Friday in Europe/Berlin (cron 0 9 * * 1-5)".
    """
    match current_schedule(schedule):
        case Once(at):
            return f"once at {_format_moment(at)}"
        case Every(interval, start, end):
            until = "" if end is None else f" until {_format_moment(end)}"
            return f"every {describe_duration(interval)} from {_format_moment(start)}{until}"
        case Cron(expression, time_zone):
            offset = format_fixed_offset(time_zone)
            notes = [*([offset] if offset else []), f"cron {' '.join(expression.split())}"]
            return f"{_describe_cron(expression)} in {time_zone} ({', '.join(notes)})"


def describe_briefly(schedule: Schedule) -> str:
    """Return the schedule in a few words for lists, such as "weekdays at 09:00, Berlin" or "every 15 minutes"."""
    match current_schedule(schedule):
        case Once():
            return "once"
        case Every(interval, _, _):
            return f"every {describe_duration(interval)}"
        case Cron(expression, time_zone):
            return f"{_shorten(_describe_cron(expression))}, {_name_place(time_zone)}"


def _shorten(words: str) -> str:
    """Say first on which days it is, and use common words for these."""
    found = _AT_TIMES_ON_DAYS.fullmatch(words)
    if found is None:
        return _ORDINAL_UNIT.sub(r"every \1 \2s", words).replace("at the start of every hour", "hourly")
    times, days = found.groups()
    return f"{_DAYS.get(days, days)} {times}"


def _name_place(time_zone: str) -> str:
    """Return the last part of the name of a time zone, except of a fixed offset."""
    if time_zone.startswith("Etc/"):
        return format_fixed_offset(time_zone) or "UTC"
    return time_zone.rpartition("/")[2].replace("_", " ")


@lru_cache(maxsize=1000)
def _describe_cron(expression: str) -> str:
    """Return a cron expression in words. The parser that finds the due times also chooses the words."""
    fields = split_fields(expression)
    sim = CronSim(" ".join(fields), datetime(2000, 1, 1))  # noqa: DTZ001
    weekdays = {day % 7 for day in sim.weekdays if isinstance(day, int)}
    if not sim.day_and and (sim.days >= _DAYS_OF_MONTH or weekdays == _DAYS_OF_WEEK):
        fields[-3] = fields[-1] = "*"  # any day of the month, or on any weekday: every day, which cronsim does not say
        sim = CronSim(" ".join(fields), datetime(2000, 1, 1))  # noqa: DTZ001
    words = sim.explain()
    return words[0].lower() + words[1:]


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


def _format_moment(moment: datetime) -> str:
    precision = "milliseconds" if moment.microsecond else "seconds"
    return moment.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")
