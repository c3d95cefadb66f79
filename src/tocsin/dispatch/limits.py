"""The limits of a process and of its queues. Pure."""

from dataclasses import dataclass
from functools import lru_cache

from tocsin.documents import RunDocument
from tocsin.security.gcra import Bucket

MAX_BORROWED_SECONDS = 30
"""Maximum timeout of attempts for which an owner may borrow a place beyond its share."""
_CLOCK_STEP_MS = 1_000
"""A rate is counted by one process. A state further ahead than this means that its clock was set back."""


@dataclass(frozen=True, slots=True)
class ProcessLimits:
    """The limits of a process: concurrent attempts, total and per host; attempts per host and minute; waiting runs.

    `prefetch` is the maximum number of claimed runs that wait for a place among the attempts. `owner_share` is an
    owner's fraction of the attempts, in total, per host and per queue. `default_timeout` is that of HTTP attempts in
    seconds.
    """

    concurrency: int = 1_000_000
    host_concurrency: int = 1_000_000
    host_rate: int = 0
    prefetch: int = 1_000_000
    owner_share: float = 0.5
    default_timeout: float = 10.0

    def is_short(self, run: RunDocument) -> bool:
        """Return whether an attempt ends soon. Jobs that call no host may wait before their timeout starts."""
        return run.get("host") is not None and (run.get("timeout") or self.default_timeout) <= MAX_BORROWED_SECONDS


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """The limits of a queue. None means no limit. `rate` is in started attempts per minute."""

    concurrency: int | None = None
    rate: int | None = None
    paused: bool = False


@lru_cache
def attempt_bucket(rate: float) -> Bucket:
    """Return the bucket of a rate in attempts per minute. It allows bursts of up to one second's worth."""
    burst = max(1.0, rate / 60)
    return Bucket("attempts", burst, burst * 60 / rate, skew=_CLOCK_STEP_MS)
