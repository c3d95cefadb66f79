"""Moments and lengths of time as texts: RFC 3339 and ISO 8601, strictly. Pure."""

import re
from datetime import datetime, timedelta

from tocsin.clock import to_milliseconds

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")  # RFC 3339 section 5.6
_DURATION = re.compile(
    r"P(?:(\d{1,6})W)?(?:(\d{1,6})D)?(?:T(?:(\d{1,7})H)?(?:(\d{1,9})M)?(?:(\d{1,10})(?:[.,](\d{1,3}))?S)?)?"
)


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
