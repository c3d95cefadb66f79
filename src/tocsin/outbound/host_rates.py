"""Rate limits for each owner and target host. Thread-safe.

Runs of http jobs are counted before they are claimed, and wait in the queue. Further calls of an attempt (redirects,
calls of other jobs) wait within the attempt.
"""

import threading

from tocsin.security.gcra import Bucket, Buckets

PERIOD_SECONDS = 60.0
MAX_WAIT_SECONDS = 10.0
"""Maximum seconds that a request waits within an attempt. `Bucket.latest_valid_time` allows for that much."""


class HostRates:
    """A limit of `per_minute` calls of one owner to one target, all of which may begin at once; 0 means no limit.

    The limit applies to all processes together, of which each has an equal share.
    """

    def __init__(self, per_minute: int = 0) -> None:
        self._per_minute = per_minute
        self._bucket = _bucket(per_minute, 1)
        self._buckets = Buckets[tuple[str, str]](lambda _: self._bucket)
        self._lock = threading.RLock()

    def set_process_count(self, count: int) -> None:
        """Divide the limit among `count` processes from now on."""
        with self._lock:
            self._bucket = _bucket(self._per_minute, count)

    def seconds_until_allowed(self, owner: str, target: str, now: float) -> float:
        """Return the seconds until this owner may call this target, 0 for now. `now` is in milliseconds."""
        with self._lock:
            return self._buckets.seconds_until((owner, target), now)

    def record_call(self, owner: str, target: str, now: float) -> None:
        """Count a call of this owner to this target."""
        with self._lock:
            self._buckets.take((owner, target), now)

    def reserve_call(self, owner: str, target: str, now: float) -> float | None:
        """Count a call, and return the seconds to wait before making it; None if too many calls are waiting."""
        with self._lock:
            wait = self.seconds_until_allowed(owner, target, now)
            if wait > MAX_WAIT_SECONDS:
                return None
            self.record_call(owner, target, now)
            return wait


def _bucket(per_minute: int, count: int) -> Bucket | None:
    return Bucket("host", max(1.0, per_minute / count), PERIOD_SECONDS) if per_minute else None
