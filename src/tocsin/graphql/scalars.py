"""The scalars: strict DateTime and Duration, URL, JSON."""

import re
from datetime import datetime, timedelta
from typing import Any, NewType

import strawberry
from strawberry.scalars import JSON
from strawberry.types.scalar import ScalarDefinition

from tocsin.clock import to_milliseconds

__all__ = ["JSON", "SCALARS", "Url", "write_duration", "write_moment"]

Url = NewType("Url", str)

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")  # RFC 3339 section 5.6
_DURATION = re.compile(
    r"P(?:(\d{1,6})W)?(?:(\d{1,6})D)?(?:T(?:(\d{1,7})H)?(?:(\d{1,9})M)?(?:(\d{1,10})(?:[.,](\d{1,3}))?S)?)?"
)
_LONGEST_URL = 8192


def read_moment(value: object) -> datetime:
    """An RFC 3339 time with its offset, as UTC in whole milliseconds. Raises ValueError."""
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise ValueError('A time is written with date, time and offset to UTC, such as "2026-11-22T09:00:00Z".')
    try:
        return to_milliseconds(datetime.fromisoformat(value.upper()))
    except (ValueError, OverflowError):
        raise ValueError(f"There is no such time: {value}.") from None


def write_moment(moment: datetime) -> str:
    """RFC 3339: UTC as `Z`, another offset as it is; with milliseconds where there are any."""
    precision = "milliseconds" if moment.microsecond else "seconds"
    text = moment.isoformat(timespec=precision)
    return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text


def read_duration(value: object) -> timedelta:
    """An ISO 8601 duration of weeks, days, hours, minutes, seconds; milliseconds as a fraction. Raises ValueError."""
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None or not any(match.groups()) or str(value).endswith("T"):
        raise ValueError(
            'A duration is written in ISO 8601 with weeks, days, hours, minutes and seconds, such as "PT1H30M".'
        )
    weeks, days, hours, minutes, seconds = (int(group or 0) for group in match.groups()[:5])
    milliseconds = int((match.group(6) or "").ljust(3, "0"))
    return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds, milliseconds=milliseconds)


def write_duration(duration: timedelta) -> str:
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


def read_url(value: object) -> Url:
    """A text that may be a URL; whether it can be called is told by the job that calls it. Raises ValueError."""
    if not isinstance(value, str) or not 1 <= len(value) <= _LONGEST_URL:
        raise ValueError(f'A URL is a text of 1 to {_LONGEST_URL} characters, such as "https://example.com/hook".')
    return Url(value)


def _scalar(name: str, description: str, specification: str, write: Any, read: Any) -> ScalarDefinition:
    return strawberry.scalar(
        name=name, description=description, specified_by_url=specification, serialize=write, parse_value=read
    )


SCALARS: dict[object, ScalarDefinition] = {
    datetime: _scalar(
        "DateTime",
        "A moment: RFC 3339, the offset to UTC required. Answers are in UTC (`Z`), to the millisecond.",
        "https://datatracker.ietf.org/doc/html/rfc3339",
        write_moment,
        read_moment,
    ),
    timedelta: _scalar(
        "Duration",
        "A length of time: ISO 8601 with weeks, days, hours, minutes and seconds, such as `PT90S` or `P1DT12H`.",
        "https://datatracker.ietf.org/doc/html/rfc3339#appendix-A",
        write_duration,
        read_duration,
    ),
    Url: _scalar("URL", "An absolute URL.", "https://url.spec.whatwg.org/", str, read_url),
}
"""What each Python type is in the schema. JSON is Strawberry's own."""
