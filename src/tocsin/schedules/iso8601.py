"""Strict parsing and formatting of times (RFC 3339) and durations (ISO 8601). Pure."""

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
_FORMAT_HINT = 'A time has a date, a time of day and an offset to UTC, such as "2026-11-22T09:00:00Z".'


def parse_datetime(value: object) -> datetime:
    """Parse an RFC 3339 time with an offset to UTC in whole milliseconds. Raises ValueError."""
    if not isinstance(value, str):
        raise ValueError(_FORMAT_HINT)
    if not _MOMENT.fullmatch(value):
        raise ValueError(_explain_moment(value))
    try:
        return _parse_moment(value)
    except (ValueError, OverflowError):
        raise ValueError(f"The time does not exist: {value}.") from None


def _parse_moment(text: str) -> datetime:
    return truncate_to_milliseconds(datetime.fromisoformat(text.upper()))


def _explain_moment(text: str) -> str:
    """Return a message that explains why the text is not an RFC 3339 time, with a correction if possible."""
    nearly = _NEARLY.fullmatch(text)
    if nearly is None:
        return _FORMAT_HINT
    time, seconds = nearly["time"] or "00:00", nearly["seconds"] or ":00"
    fraction = (nearly["fraction"] or "").replace(",", ".")[:10]
    local = f"{nearly['date']}T{time}{seconds}{fraction}"
    right = f"{local}{_complete_offset(nearly['offset'])}"
    try:
        _parse_moment(right)
    except (ValueError, OverflowError):
        return f"The time does not exist: {text}."
    if nearly["time"] is None:
        return f'The time of day and the offset are missing: write "{right}".'
    if nearly["offset"] is None:
        return f'The offset is missing: write "{right}" for UTC, or for example "{local}+01:00".'
    return f'The time is not in RFC 3339 format: write "{right}".'


def _complete_offset(text: str | None) -> str:
    if text is None or text in "Zz":
        return "Z"
    return f"{text[:3]}:{text[3:].lstrip(':') or '00'}"


def format_datetime(moment: datetime) -> str:
    """Format a time as RFC 3339, with `Z` for UTC, and with milliseconds if there are any."""
    text = moment.isoformat()  # with six digits of a second, or none
    end, zone = (23, text[26:]) if moment.microsecond else (19, text[19:])
    return f"{text[:end]}{'Z' if zone == '+00:00' else zone}"


def parse_iso_duration(value: object) -> timedelta:
    """Parse an ISO 8601 duration from weeks down to seconds with up to three decimals. Raises ValueError."""
    if not isinstance(value, str):
        raise ValueError('A duration is an ISO 8601 text, such as "PT1H30M".')
    try:
        return parse_duration(value)
    except ValueError as error:
        shown = "".join(char if char.isprintable() else " " for char in value[:_LONGEST_SHOWN])
        raise ValueError(f'"{shown}" {error}.') from None


def format_duration(duration: timedelta) -> str:
    """Format a duration canonically: `P1DT2H3M4.5S`, zero as `PT0S`."""
    rest = duration // timedelta(milliseconds=1)
    days, rest = divmod(rest, 86_400_000)
    hours, rest = divmod(rest, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    seconds = f"{rest / 1000:.3f}".rstrip("0").rstrip(".")
    time = "".join(f"{number}{unit}" for number, unit in ((hours, "H"), (minutes, "M")) if number)
    time += f"{seconds}S" if rest else ""
    text = (f"{days}D" if days else "") + (f"T{time}" if time else "")
    return f"P{text}" if text else "PT0S"
