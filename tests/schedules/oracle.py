"""A slow, obvious cron for comparison: its own parser, and a clock that is watched tick by tick, as in a daemon."""

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


def numbers(field: str, low: int, high: int, names: list[str] | None = None) -> set[int]:
    """Return the plain values of a field, without special day terms (L, LW, 5L, 1#2)."""
    found: set[int] = set()
    for term in field.upper().split(","):
        for index, name in enumerate(names or []):
            term = re.sub(rf"\b{name}\b", str(index + low), term)
        if plain := re.fullmatch(r"(\*|(\d+)(?:-(\d+))?)(?:/(\d+))?", term):
            star, first, last, step = plain.groups()
            begin = low if star == "*" else int(first)
            end = high if star == "*" or (step and not last) else int(last or first)
            found |= {value for value in range(begin, end + 1) if (value - begin) % int(step or 1) == 0}
    return found


@dataclass
class Oracle:
    expression: str

    def __post_init__(self) -> None:
        self.fields = self.expression.split()
        self.has_seconds = len(self.fields) == 6
        second, minute, hour, day, month, weekday = self.fields if self.has_seconds else ["0", *self.fields]
        self.seconds, self.minutes = numbers(second, 0, 59), numbers(minute, 0, 59)
        self.hours = numbers(hour, 0, 23)
        self.days, self.months = numbers(day, 1, 31), numbers(month, 1, 12, MONTHS)
        self.weekdays = {value % 7 for value in numbers(weekday, 0, 7, DAYS)}
        self.day_terms, self.weekday_terms = day.upper().split(","), weekday.upper().split(",")
        self.both_days = day[0] == "*" or weekday[0] == "*"
        self.fixed = not self.has_seconds and minute[0] != "*" and hour[0] != "*"

    def matches_day(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        of_month, of_week = self._matches_day_of_month(day), self._matches_day_of_week(day)
        return (of_month and of_week) if self.both_days else (of_month or of_week)

    def _matches_day_of_month(self, day: date) -> bool:
        last = calendar.monthrange(day.year, day.month)[1]
        month = [day.replace(day=number) for number in range(1, last + 1)]
        working = [each for each in month if each.isoweekday() <= 5]
        return (
            day.day in self.days
            or ("L" in self.day_terms and day == month[-1])
            or ("LW" in self.day_terms and day == working[-1])
        )

    def _matches_day_of_week(self, day: date) -> bool:
        last = calendar.monthrange(day.year, day.month)[1]
        number = day.isoweekday() % 7
        alike = [each for each in range(1, last + 1) if (each - day.day) % 7 == 0]
        spellings = [str(number), DAYS[number], *(["7"] if number == 0 else [])]
        wanted = {f"{text}#{alike.index(day.day) + 1}" for text in spellings}
        wanted |= {f"{text}L" for text in spellings if day.day == alike[-1]}
        return number in self.weekdays or bool(wanted & set(self.weekday_terms))

    def matches(self, wall: datetime) -> bool:
        return (
            wall.second in self.seconds
            and wall.minute in self.minutes
            and wall.hour in self.hours
            and self.matches_day(wall.date())
        )

    def due_times(self, zone: ZoneInfo, start: datetime, end: datetime) -> list[datetime]:
        """Return all due times in [start, end], both in whole minutes."""
        return list(self._fixed(zone, start, end) if self.fixed else self._shown(zone, start, end))

    def _shown(self, zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[datetime]:
        for moment in ticks(start, end, SECOND if self.has_seconds else MINUTE):
            if self.matches(moment.astimezone(zone).replace(tzinfo=None)):
                yield moment

    def _fixed(self, zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[datetime]:
        """Yield due times when the clock, which never runs backwards, reaches or skips a matching minute."""
        early = start - timedelta(hours=4)
        furthest = early.astimezone(zone).replace(tzinfo=None)
        for moment in ticks(early + MINUTE, end, MINUTE):
            wall = moment.astimezone(zone).replace(tzinfo=None)
            come_by = list(ticks(furthest + MINUTE, wall, MINUTE))
            furthest = max(furthest, wall)
            if moment >= start and any(map(self.matches, come_by)):
                yield moment


def ticks(start: datetime, end: datetime, step: timedelta) -> Iterator[datetime]:
    while start <= end:
        yield start
        start += step


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
