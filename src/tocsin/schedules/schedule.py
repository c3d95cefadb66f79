"""Schedules as values: once at a time, every interval, or cron in a time zone."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NotRequired, TypedDict

from tocsin.clock import MILLISECOND, truncate_to_milliseconds


@dataclass(frozen=True, slots=True)
class Once:
    """A one-off schedule. An aware `at` is converted to UTC in whole milliseconds.

    `requested` is the time that was requested if `at` differs from it: `now`, or an earlier time in RFC 3339. It
    identifies a repeated request.
    """

    at: datetime
    requested: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "at", _to_utc(self.at))


@dataclass(frozen=True, slots=True)
class Every:
    """An interval schedule: due at `start`, `start + interval`, ... until `end`. It ignores time zones and DST.

    `interval` is at least one second, in whole milliseconds. Aware times are converted to UTC in whole milliseconds.
    """

    interval: timedelta
    start: datetime
    end: datetime | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", _to_utc(self.start))
        object.__setattr__(self, "end", None if self.end is None else _to_utc(self.end))


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron schedule in an IANA time zone (rules: docs/schedules.md)."""

    expression: str
    time_zone: str


SimpleSchedule = Once | Every | Cron


@dataclass(frozen=True, slots=True)
class RevisedSchedule:
    """A schedule that replaced another one with pending due times.

    Due at the times of `former` up to and including `since`, then at those of `schedule`, so that an edit loses none.
    """

    schedule: SimpleSchedule
    former: "Schedule"
    since: datetime


Schedule = SimpleSchedule | RevisedSchedule


class FormerDocument(TypedDict):
    """The stored form of the schedule that a revised one replaced, and of the time when it did."""

    since: datetime
    schedule: "ScheduleDocument"


class OnceDocument(TypedDict):
    """The stored form of a one-off schedule."""

    kind: Literal["once"]
    at: datetime
    requested: NotRequired[str | None]
    former: NotRequired[FormerDocument]


class EveryDocument(TypedDict):
    """The stored form of an interval schedule."""

    kind: Literal["every"]
    interval_ms: int
    start: datetime
    end: NotRequired[datetime | None]
    former: NotRequired[FormerDocument]


class CronDocument(TypedDict):
    """The stored form of a cron schedule."""

    kind: Literal["cron"]
    expression: str
    time_zone: str
    former: NotRequired[FormerDocument]


ScheduleDocument = OnceDocument | EveryDocument | CronDocument


def current_schedule(schedule: Schedule) -> SimpleSchedule:
    """Return the schedule that applies from now on, without those that it replaced."""
    return schedule.schedule if isinstance(schedule, RevisedSchedule) else schedule


def schedule_to_document(schedule: Schedule) -> ScheduleDocument:
    """Return the stored form of a schedule. Durations are in whole milliseconds."""
    match schedule:
        case Once(at, None):
            return {"kind": "once", "at": at}
        case Once(at, requested):
            return {"kind": "once", "at": at, "requested": requested}
        case Every(interval, start, end):
            return {"kind": "every", "interval_ms": interval // MILLISECOND, "start": start, "end": end}
        case Cron(expression, time_zone):
            return {"kind": "cron", "expression": expression, "time_zone": time_zone}
        case RevisedSchedule(current, former, since):
            document = schedule_to_document(current)
            document["former"] = {"since": since, "schedule": schedule_to_document(former)}
            return document


def schedule_from_document(doc: ScheduleDocument) -> Schedule:
    """Return the schedule from its stored form. Raises ValueError for an unknown `kind`."""
    former = doc.get("former")
    if former is None:
        return _simple_from_document(doc)
    return RevisedSchedule(_simple_from_document(doc), schedule_from_document(former["schedule"]), former["since"])


def _simple_from_document(doc: ScheduleDocument) -> SimpleSchedule:
    if doc["kind"] == "once":
        return Once(doc["at"], doc.get("requested"))
    if doc["kind"] == "every":
        return Every(doc["interval_ms"] * MILLISECOND, doc["start"], doc.get("end"))
    if doc["kind"] == "cron":
        return Cron(doc["expression"], doc["time_zone"])
    raise ValueError(f"unknown kind of schedule: {doc['kind']!r}")


def _to_utc(moment: datetime) -> datetime:
    # Naive times and times at the edge of the calendar are kept: `validate_schedule` rejects them with a message.
    if moment.tzinfo is None:
        return moment
    try:
        return truncate_to_milliseconds(moment)
    except OverflowError:
        return moment
