"""The periods of a query of statistics, and the cells that each consists of. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

from tocsin.clock import epoch_milliseconds
from tocsin.errors import InvalidInput
from tocsin.statistics.histogram import find_percentile
from tocsin.statistics.store import MINUTES_KEPT, Cell
from tocsin.statistics.tally import DAY_MS, HOUR_MS, MINUTE_MS, Tally, moment_of

MAX_PERIODS = 400
"""Periods that one query can have."""
_LAST_MOMENT = epoch_milliseconds(datetime.max.replace(tzinfo=UTC))


class Bucket(Enum):
    """The length of the periods of statistics, which begin at whole multiples of it in UTC."""

    MINUTE = MINUTE_MS
    FIVE_MINUTES = 5 * MINUTE_MS
    HOUR = HOUR_MS
    DAY = DAY_MS

    @property
    def has_minutes(self) -> bool:
        """True if it is made of minutes, else it is made of hours."""
        return self in (Bucket.MINUTE, Bucket.FIVE_MINUTES)


@dataclass(frozen=True, slots=True)
class Period:
    """A period from `start` (inclusive) to `end` (exclusive), both in milliseconds since 1970."""

    start: int
    end: int

    def cells(self, owner: str, scope: str, *, minutes: bool) -> Iterator[Cell]:
        """Return the cells of a scope in this period."""
        size = MINUTE_MS if minutes else HOUR_MS
        for number in range(self.start // size, self.end // size):
            yield Cell(owner, scope, minutes, number)


@dataclass(frozen=True, slots=True)
class PeriodStatistics:
    """The statistics of a period."""

    period: Period
    tally: Tally

    @property
    def starts_at(self) -> datetime:
        """The start, inclusive."""
        return moment_of(self.period.start)

    @property
    def ends_at(self) -> datetime:
        """The end, exclusive."""
        return moment_of(self.period.end)

    def duration(self, fraction: float) -> int | None:
        """Return a percentile of the durations in milliseconds."""
        return find_percentile(self.tally.durations, fraction)

    def lateness(self, fraction: float) -> int | None:
        """Return a percentile of the lateness in milliseconds."""
        return find_percentile(self.tally.lateness, fraction)


def count_documents(periods: Sequence[Period], bucket: Bucket) -> int:
    """Return how many documents adjacent periods are read from, at most."""
    size = HOUR_MS if bucket.has_minutes else DAY_MS
    return (periods[-1].end - 1) // size - periods[0].start // size + 1


def plan_periods(start: datetime, end: datetime, bucket: Bucket, scope: str, now: datetime) -> list[Period]:
    """Return the periods that contain the range; the first and last may reach beyond it. Raises InvalidInput."""
    if end <= start:
        raise InvalidInput("`to` must be later than `from`.", "filter", "dueAt", "to")
    if bucket.has_minutes and scope.startswith(("t:", "w:")):
        raise InvalidInput("Of a task or workflow there are statistics by HOUR and by DAY only.", "bucket")
    if bucket.has_minutes and start < now - MINUTES_KEPT:
        days = MINUTES_KEPT.days
        raise InvalidInput(f"Statistics by minutes reach back {days} days: use HOUR or DAY.", "filter", "dueAt", "from")
    first, last = epoch_milliseconds(start) // bucket.value, -(-epoch_milliseconds(end) // bucket.value)
    if last * bucket.value > _LAST_MOMENT:
        raise InvalidInput("`to` is too late: its bucket ends after the year 9999.", "filter", "dueAt", "to")
    if last - first > MAX_PERIODS:
        raise InvalidInput(
            f"The range has {last - first:,} buckets, at most {MAX_PERIODS} are allowed: use longer ones.", "bucket"
        )
    return [Period(number * bucket.value, (number + 1) * bucket.value) for number in range(first, last)]
