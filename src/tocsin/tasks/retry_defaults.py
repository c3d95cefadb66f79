"""Default retry policies, for tasks that set none or a part of one. Pure.

The operator's offsets apply if they are set. Otherwise the waits grow from seconds and take at most half of the
interval between due times together, so that no retry is overtaken by the next run.
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
    """The operator's defaults: the number of retries and the waits. Without `offsets` the waits fit the interval."""

    max_retries: int
    offsets: tuple[timedelta, ...] = ()

    @classmethod
    def from_settings(cls, settings: Settings) -> "RetryDefaults":
        """Return the defaults from the settings."""
        return cls(settings.max_retries, settings.default_retry_offsets())

    def complete_policy(self, policy: RetryPolicy | None, interval: timedelta | None) -> RetryPolicy:
        """Return the effective policy: `policy` (None: an empty one) with the missing parts filled in.

        `interval` is the shortest time between due times; None for a one-off schedule.
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
    """Return a backoff whose waits take at most half of the interval together; None means that no run follows."""
    if interval is None or not retries:
        return Backoff(MAX_FIRST_WAIT, MAX_FACTOR, MAX_WAIT, JITTER)
    room = interval / 2
    first = max(min(MAX_FIRST_WAIT, room / (2 * retries)) // MILLISECOND * MILLISECOND, MILLISECOND)
    return Backoff(first, _growth(room / first, retries), max(min(MAX_WAIT, room), first), JITTER)


def _growth(room: float, retries: int) -> float:
    """Return the largest factor (in hundredths) with which the waits fit into `room` (in multiples of the first)."""
    low, high = 100, round(MAX_FACTOR * 100) + 1
    while high - low > 1:
        middle = (low + high) // 2
        if sum((middle / 100) ** retry for retry in range(retries)) <= room:
            low = middle
        else:
            high = middle
    return low / 100


def shortest_interval_ms(schedule: Mapping[str, Any] | None, now: datetime) -> int | None:
    """Return the shortest time between due times in milliseconds; None for a one-off or unreadable schedule.

    The result is the same throughout a calendar year, so that it is computed once for each expression.
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
