"""Moments and lengths of time as texts: RFC 3339 and ISO 8601, strictly. Pure."""

import re
from datetime import datetime, timedelta

from tocsin.clock import truncate_to_milliseconds
from tocsin.durations import parse_duration

_MOMENT = re.compile(  # RFC 3339 section 5.6
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_NEARLY = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[Tt ](?P<time>[0-9]{2}:[0-9]{2})(?P<seconds>:[0-9]{2})?(?P<fraction>[.,][0-9]+)?"
    r" ?(?P<offset>[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
_LONGEST_SHOWN = 40
_RIGHT = 'A time is written with date, time and offset to UTC, such as "2026-11-22T09:00:00Z".'


def parse_datetime(value: object) -> datetime:
    """An RFC 3339 time with its offset, as UTC in whole milliseconds. Raises ValueError."""
    if not isinstance(value, str):
        raise ValueError(_RIGHT)
    if not _MOMENT.fullmatch(value):
        raise ValueError(_correction(value))
    try:
        return _moment(value)
    except (ValueError, OverflowError):
        raise ValueError(f"There is no such time: {value}.") from None


def _moment(text: str) -> datetime:
    return truncate_to_milliseconds(datetime.fromisoformat(text.upper()))


def _correction(text: str) -> str:
    """A sentence that says what is wrong with a text that is no RFC 3339 time, and what would be right if known."""
    nearly = _NEARLY.fullmatch(text)
    if nearly is None:
        return _RIGHT
    time, seconds = nearly["time"] or "00:00", nearly["seconds"] or ":00"
    fraction = (nearly["fraction"] or "").replace(",", ".")[:10]
    local = f"{nearly['date']}T{time}{seconds}{fraction}"
    right = f"{local}{_offset(nearly['offset'])}"
    try:
        _moment(right)
    except (ValueError, OverflowError):
        return f"There is no such time: {text}."
    if nearly["time"] is None:
        return f'The time of day and the offset are missing: write "{right}".'
    if nearly["offset"] is None:
        return f'The offset is missing: write "{right}" for UTC, or for example "{local}+01:00".'
    return f'The time is not written as RFC 3339 has it: write "{right}".'


def _offset(given: str | None) -> str:
    if given is None or given in "Zz":
        return "Z"
    return f"{given[:3]}:{given[3:].lstrip(':') or '00'}"


def format_datetime(moment: datetime) -> str:
    """RFC 3339: UTC as `Z`, another offset as it is; with milliseconds where there are any."""
    precision = "milliseconds" if moment.microsecond else "seconds"
    text = moment.isoformat(timespec=precision)
    return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text


def parse_iso_duration(value: object) -> timedelta:
    """An ISO 8601 duration of weeks, days, hours, minutes, seconds; milliseconds as a fraction. Raises ValueError."""
    if not isinstance(value, str):
        raise ValueError('A duration is a text in ISO 8601, such as "PT1H30M".')
    try:
        return parse_duration(value)
    except ValueError as error:
        shown = "".join(char if char.isprintable() else " " for char in value[:_LONGEST_SHOWN])
        raise ValueError(f'"{shown}" {error}.') from None


def format_duration(duration: timedelta) -> str:
    """The canonical form: `P1DT2H3M4.5S`, zero as `PT0S`."""
    rest = duration // timedelta(milliseconds=1)
    days, rest = divmod(rest, 86_400_000)
    hours, rest = divmod(rest, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    seconds = f"{rest / 1000:.3f}".rstrip("0").rstrip(".")
    time = "".join(f"{number}{unit}" for number, unit in ((hours, "H"), (minutes, "M")) if number)
    time += f"{seconds}S" if rest else ""
    text = (f"{days}D" if days else "") + (f"T{time}" if time else "")
    return f"P{text}" if text else "PT0S"
