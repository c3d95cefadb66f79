"""Quiet hours: from a time of day to another one, in a time zone, on some weekdays. Pure.

They begin when the wall clock first reaches or passes the time, and end when it shows no earlier time any more: where
clocks are set back over the end, nobody is woken in between. Where they are set forward over it, it is at the change.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Self
from zoneinfo import ZoneInfo

from tocsin.documents import QuietHoursDocument
from tocsin.schedules.time_zones import first_moment_at, moment_passed_for_good

_DAY = timedelta(days=1)
_LONGEST_CHAIN = 8
"""Quiet hours that can follow each other without a pause: six whole days, and more where clocks change."""


class Weekday(StrEnum):
    """A day of the week."""

    MONDAY = "MONDAY"
    TUESDAY = "TUESDAY"
    WEDNESDAY = "WEDNESDAY"
    THURSDAY = "THURSDAY"
    FRIDAY = "FRIDAY"
    SATURDAY = "SATURDAY"
    SUNDAY = "SUNDAY"


WEEKDAYS = tuple(Weekday)
"""The weekdays by their number, from Monday, 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """The hours from `begin` until `end`, in minutes of the day, that begin on one of the `days` (0 is Monday).

    They end on the next day if `end` is not later than `begin`. Some kinds of news and some channels are excepted.
    """

    begin: int
    end: int
    days: frozenset[int] = frozenset(range(7))
    except_kinds: frozenset[str] = frozenset()
    except_channels: frozenset[str] = frozenset()

    @classmethod
    def from_document(cls, document: QuietHoursDocument) -> Self:
        """Return stored quiet hours."""
        return cls(
            begin=document["begin"],
            end=document["end"],
            days=frozenset(document["days"]),
            except_kinds=frozenset(document["except_kinds"]),
            except_channels=frozenset(document["except_channels"]),
        )

    def to_document(self) -> QuietHoursDocument:
        """Return the stored form."""
        return {
            "begin": self.begin,
            "end": self.end,
            "days": sorted(self.days),
            "except_kinds": sorted(self.except_kinds),
            "except_channels": sorted(self.except_channels),
        }

    @property
    def is_endless(self) -> bool:
        """Tell whether nothing would ever be sent."""
        return self.begin == self.end and len(self.days) == len(WEEKDAYS)

    def silence(self, kind: str, channel: str) -> bool:
        """Tell whether they apply to news of this kind in this channel."""
        return kind not in self.except_kinds and channel not in self.except_channels

    def find_end(self, zone: ZoneInfo, moment: datetime) -> datetime | None:
        """Return when the quiet hours around this moment end, and those that follow at once; None without any."""
        end = None
        for _ in range(_LONGEST_CHAIN):
            later = max((stop for start, stop in self._around(zone, moment) if start <= moment < stop), default=None)
            if later is None:
                return end
            end = moment = later
        return end

    def _around(self, zone: ZoneInfo, moment: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield the quiet hours that begin on the days around a moment. A day can be skipped, or shown twice."""
        today = moment.astimezone(zone).date()
        for days in range(-2, 2):
            day = today + days * _DAY
            if day.weekday() in self.days:
                last = day if self.begin < self.end else day + _DAY
                yield first_moment_at(zone, _at(day, self.begin)), moment_passed_for_good(zone, _at(last, self.end))


def _at(day: date, minutes: int) -> datetime:
    return datetime.combine(day, time(*divmod(minutes, 60)))
