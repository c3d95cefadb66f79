"""Changes of preferences and rules as users give them: checked, and turned into the stored fields. Pure."""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from tocsin.documents import DigestDocument, QuietHoursDocument
from tocsin.errors import ErrorCollector, InvalidInput
from tocsin.notifications.events import LINK_EVENTS, OPT_IN_KINDS, EventKind
from tocsin.notifications.preferences.choices import ALWAYS_TOLD, FailureDetail
from tocsin.notifications.preferences.digest_times import DEFAULT_HOUR, DigestFrequency, DigestPlan
from tocsin.notifications.preferences.quiet_hours import WEEKDAYS, QuietHours, Weekday
from tocsin.schedules.time_zones import get_zone, suggest_zone

MIN_REMINDER, MAX_REMINDER = timedelta(minutes=15), timedelta(days=30)
"""The shortest and the longest time between reminders of an incident."""
CHOSEN_KINDS = tuple(kind for kind in EventKind if kind not in LINK_EVENTS)
"""The kinds that users can name."""
_TIME_OF_DAY = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
T = TypeVar("T")
Change = tuple[T | None] | None
"""A change of a field: None if it is not given, a tuple of None if it is to have its default again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHoursDraft:
    """Quiet hours as a user gives them; times of day are texts like 22:00."""

    begin: str
    end: str
    days: Sequence[Weekday] | None = None
    except_kinds: Sequence[str] | None = None
    except_channels: Sequence[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestDraft:
    """The plan of digests as a user gives it."""

    frequency: DigestFrequency
    hour: int | None = None
    except_kinds: Sequence[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferencesUpdate:
    """Changes of the preferences of a user."""

    mail_kinds: Change[Sequence[str]] = None
    failures: Change[FailureDetail] = None
    time_zone: Change[str] = None
    quiet_hours: Change[QuietHoursDraft] = None
    digest: Change[DigestDraft] = None
    reminder_every: Change[timedelta] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleUpdate:
    """Changes of the rule of a task or workflow."""

    is_muted: Change[bool] = None
    is_mailed: Change[bool] = None
    channels: Change[Sequence[str]] = None
    kinds: Change[Sequence[str]] = None
    failures: Change[FailureDetail] = None


def validate_preferences(update: PreferencesUpdate) -> dict[str, Any]:
    """Return the fields that an update sets, as they are stored. Raises MultipleInvalid with all faults."""
    faults = ErrorCollector()
    changes: dict[str, Any] = {}

    def read(name: str, field: str, change: Change[T], convert: Callable[[T], Any]) -> None:
        if change is not None:
            (given,) = change
            changes[field] = None if given is None else faults.try_parse(convert, given, at=(name,))

    if update.mail_kinds is not None:
        changes |= _choose_kinds(*update.mail_kinds)
    read("failures", "failures", update.failures, str)
    read("timeZone", "time_zone", update.time_zone, _check_zone)
    read("quietHours", "quiet_hours", update.quiet_hours, _read_quiet_hours)
    read("digest", "digest", update.digest, _read_digest)
    read("reminderEvery", "reminder_every", update.reminder_every, _check_reminder)
    faults.raise_if_any()
    return changes


def validate_rule(update: RuleUpdate, *, is_task: bool) -> dict[str, Any]:
    """Return the fields that an update of a rule sets, as they are stored. Raises InvalidInput."""
    if update.failures is not None and update.failures[0] is not None and not is_task:
        message = "Only tasks tell of every attempt. Omit failures for a workflow, or set it to null."
        raise InvalidInput(message, "failures")
    changes: dict[str, Any] = {}
    if update.is_muted is not None:
        changes["muted"] = bool(update.is_muted[0])
    if update.is_mailed is not None:
        changes["mailed"] = update.is_mailed[0] is not False
    if update.failures is not None:
        changes["failures"] = update.failures[0]
    for field, change in (("channels", update.channels), ("kinds", update.kinds)):
        if change is not None:
            changes[field] = None if change[0] is None else list(dict.fromkeys(change[0]))
    if changes.get("kinds") == []:
        raise InvalidInput("Give at least one kind, or null for all. To be told nothing, set isMuted.", "kinds")
    return changes


def _choose_kinds(mailed: Collection[str] | None) -> dict[str, Any]:
    """Return the stored form of the kinds to be mailed: those that are off, so that new kinds are on."""
    if mailed is None:
        return {"mail_off": [], "mail_on": []}
    off = [kind.value for kind in CHOSEN_KINDS if kind not in ALWAYS_TOLD | OPT_IN_KINDS and kind not in mailed]
    return {
        "mail_off": off,
        "mail_on": [kind.value for kind in CHOSEN_KINDS if kind in OPT_IN_KINDS and kind in mailed],
    }


def _check_zone(name: str) -> str:
    try:
        get_zone(name)
    except KeyError:
        near = suggest_zone(name)
        hint = f" Do you mean {near}?" if near else ' Give an IANA name, such as "Europe/Berlin".'
        raise InvalidInput(f"There is no time zone {name[:64]!r}.{hint}") from None
    return name


def _read_quiet_hours(draft: QuietHoursDraft) -> QuietHoursDocument:
    faults = ErrorCollector()
    begin = faults.try_parse(_parse_time, draft.begin, at=("from",))
    end = faults.try_parse(_parse_time, draft.end, at=("to",))
    if draft.days is not None and not draft.days:
        faults.try_parse(_raise_invalid, "Give at least one day, or null for all days.", at=("days",))
    faults.raise_if_any()
    days = range(len(WEEKDAYS)) if draft.days is None else map(WEEKDAYS.index, draft.days)
    quiet = QuietHours(
        begin=begin or 0,
        end=end or 0,
        days=frozenset(days),
        except_kinds=frozenset(draft.except_kinds or ()),
        except_channels=frozenset(draft.except_channels or ()),
    )
    if quiet.is_endless:
        raise InvalidInput("The whole day on all days leaves no time to send anything. Choose another end.", "to")
    return quiet.to_document()


def _parse_time(text: str) -> int:
    """Return the minutes of the day of a text like 22:00."""
    match = _TIME_OF_DAY.fullmatch(text)
    if match is None:
        raise InvalidInput(f"{text[:20]!r} is not a time of day. Write it like 07:30, from 00:00 to 23:59.")
    return int(match[1]) * 60 + int(match[2])


def _read_digest(draft: DigestDraft) -> DigestDocument:
    hour = DEFAULT_HOUR if draft.hour is None else draft.hour
    if not 0 <= hour <= 23:
        raise InvalidInput(f"hour must be 0 to 23; it is {hour}.", "hour")
    kinds = frozenset(draft.except_kinds or ())
    return DigestPlan(frequency=draft.frequency, hour=hour, except_kinds=kinds).to_document()


def _check_reminder(every: timedelta) -> float:
    if not MIN_REMINDER <= every <= MAX_REMINDER:
        raise InvalidInput("reminderEvery must be PT15M to P30D, or null for no reminders.")
    return every.total_seconds()


def _raise_invalid(message: str) -> None:
    raise InvalidInput(message)
