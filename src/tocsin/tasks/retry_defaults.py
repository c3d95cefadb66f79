"""The retry policy of a run whose task names none, or only a part of one. Pure.

The operator's offsets count where they are set. Otherwise the waits grow from seconds, and together they take at most
half of the interval: a retry that the next due time would overtake is none.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from cronsim import CronSimError

from tocsin import schedules
from tocsin.clock import MILLISECOND
from tocsin.config import Settings
from tocsin.tasks.retry_policy import Backoff, RetryPolicy

MAX_FIRST_WAIT = timedelta(seconds=10)
MAX_WAIT = timedelta(hours=1)
MAX_FACTOR = 10.0
JITTER = 0.2


@dataclass(frozen=True, slots=True)
class RetryDefaults:
    """The operator's choice: how many retries, and the waits; without `offsets` the waits fit the interval."""

    max_retries: int
    offsets: tuple[timedelta, ...] = ()

    @classmethod
    def from_settings(cls, settings: Settings) -> "RetryDefaults":
        """Return those of these settings."""
        return cls(settings.max_retries, settings.default_retry_offsets())

    def complete_policy(self, policy: RetryPolicy | None, interval: timedelta | None) -> RetryPolicy:
        """Return the policy in effect: `policy`, with what it leaves open (None: everything) filled in.

        `interval` is the shortest time between due times; None for what is due once.
        """
        own = policy or RetryPolicy(None)
        most = self.max_retries if own.max_retries is None else own.max_retries
        if own.offsets or own.backoff is not None:
            return replace(own, max_retries=most)
        if self.offsets:
            return replace(own, max_retries=most, offsets=self.offsets)
        return replace(own, max_retries=most, backoff=fit_backoff(most, interval))


@lru_cache(maxsize=4096)
def fit_backoff(retries: int, interval: timedelta | None) -> Backoff:
    """Return waits for so many retries that together take at most half of the interval; None: there is no next time."""
    if interval is None or not retries:
        return Backoff(MAX_FIRST_WAIT, MAX_FACTOR, MAX_WAIT, JITTER)
    room = interval / 2
    first = max(min(MAX_FIRST_WAIT, room / (2 * retries)) // MILLISECOND * MILLISECOND, MILLISECOND)
    return Backoff(first, _growth(room / first, retries), max(min(MAX_WAIT, room), first), JITTER)


def _growth(room: float, retries: int) -> float:
    """The fastest growth, in hundredths, by which the waits stay within `room`, which is in first waits."""
    low, high = 100, round(MAX_FACTOR * 100) + 1
    while high - low > 1:
        middle = (low + high) // 2
        if sum((middle / 100) ** retry for retry in range(retries)) <= room:
            low = middle
        else:
            high = middle
    return low / 100


def shortest_interval_ms(schedule: Mapping[str, Any] | None, now: datetime) -> int | None:
    """The shortest time between due times of a stored schedule, in milliseconds; None if it is due once or unreadable.

    The same all through a calendar year, so that the work is done once for each expression.
    """
    match schedule:
        case {"kind": "every", "interval_ms": int(interval)}:
            return interval
        case {"kind": "cron", "expression": str(expression), "time_zone": str(time_zone)}:
            return _cron_interval_ms(expression, time_zone, now.year)
        case _:
            return None


@lru_cache(maxsize=4096)
def _cron_interval_ms(expression: str, time_zone: str, year: int) -> int | None:
    try:
        interval = schedules.find_shortest_interval(
            schedules.Cron(expression, time_zone), datetime(year, 1, 1, tzinfo=UTC)
        )
    except (CronSimError, KeyError):
        return None
    return None if interval is None else interval // MILLISECOND
