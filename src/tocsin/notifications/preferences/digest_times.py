"""When digests are sent: each full hour, or once a day, by the wall clock of a time zone. Pure."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Self
from zoneinfo import ZoneInfo

from tocsin.documents import DigestDocument
from tocsin.schedules.time_zones import first_moment_at, first_offset_change

_HOUR = timedelta(hours=1)
DEFAULT_HOUR = 8
"""The hour of the day at which daily digests are sent if the user names none."""


class DigestFrequency(StrEnum):
    """How often what happens is mailed."""

    IMMEDIATELY = "IMMEDIATELY"
    HOURLY = "HOURLY"
    DAILY = "DAILY"


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestPlan:
    """How often a digest is sent, a daily one at this `hour` (0 to 23), and the kinds that are not collected in it."""

    frequency: DigestFrequency = DigestFrequency.IMMEDIATELY
    hour: int = DEFAULT_HOUR
    except_kinds: AbstractSet[str] = frozenset()

    @classmethod
    def from_document(cls, document: DigestDocument) -> Self:
        """Return the stored plan."""
        kinds = frozenset(document["except_kinds"])
        return cls(frequency=DigestFrequency(document["frequency"]), hour=document["hour"], except_kinds=kinds)

    def to_document(self) -> DigestDocument:
        """Return the stored form."""
        return {"frequency": self.frequency, "hour": self.hour, "except_kinds": sorted(self.except_kinds)}

    def next_time(self, zone: ZoneInfo, after: datetime) -> datetime:
        """Return when the next digest after this time is sent. Without digests, that is this time itself."""
        if self.frequency is DigestFrequency.IMMEDIATELY:
            return after
        return next_full_hour(zone, after) if self.frequency is DigestFrequency.HOURLY else self._next_day(zone, after)

    def _next_day(self, zone: ZoneInfo, after: datetime) -> datetime:
        """Return when the wall clock first reaches the hour, on the first day on which that is later."""
        today = after.astimezone(zone).date()
        days = (today + timedelta(days=days) for days in range(-1, 4))
        moments = (first_moment_at(zone, datetime.combine(day, time(self.hour))) for day in days)
        return next(moment for moment in moments if moment > after)


def next_full_hour(zone: ZoneInfo, after: datetime) -> datetime:
    """Return the first moment (UTC) after this one at which the zone's wall clock shows a full hour."""
    local = after.astimezone(zone)
    passed = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    due = after.astimezone(UTC) + _HOUR - passed
    change = first_offset_change(zone, after, due)
    if change is None or change == due:
        return due if change is None or _shows_full_hour(zone, due) else next_full_hour(zone, due)
    return change if _shows_full_hour(zone, change) else next_full_hour(zone, change)


def _shows_full_hour(zone: ZoneInfo, moment: datetime) -> bool:
    local = moment.astimezone(zone)
    return local.minute == local.second == 0
