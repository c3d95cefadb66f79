"""Rate limits for each owner and target host. Thread-safe.

Runs of http jobs are counted before they are claimed, and wait in the queue. Further calls of an attempt (redirects,
calls of other jobs) wait within the attempt.
"""

import threading

from tocsin.security.gcra import Bucket

PERIOD_SECONDS = 60.0
MAX_WAIT_SECONDS = 10.0
"""Maximum seconds that a request waits within an attempt. `Bucket.latest_valid_time` allows for that much."""
_MAX_TARGETS = 10_000


class HostRates:
    """A limit of `per_minute` calls of one owner to one target, all of which may begin at once; 0 means no limit.

    The limit applies to all processes together, of which each has an equal share.
    """

    def __init__(self, per_minute: int = 0) -> None:
        self._per_minute = per_minute
        self._bucket = _bucket(per_minute, 1)
        self._full_at: dict[tuple[str, str], float] = {}
        self._lock = threading.RLock()

    def set_process_count(self, count: int) -> None:
        """Divide the limit among `count` processes from now on."""
        with self._lock:
            self._bucket = _bucket(self._per_minute, count)

    def seconds_until_allowed(self, owner: str, target: str, now: float) -> float:
        """Return the seconds until this owner may call this target, 0 for now. `now` is in milliseconds."""
        if not self._per_minute:
            return 0.0
        with self._lock:
            return self._bucket.seconds_until(self._full_at.get((owner, target), 0.0), 1, now)

    def record_call(self, owner: str, target: str, now: float) -> None:
        """Count a call of this owner to this target."""
        if not self._per_minute:
            return
        with self._lock:
            full_at = self._full_at.get((owner, target), 0.0)
            self._full_at[owner, target] = self._bucket.after_taking(full_at, 1, now)
            if len(self._full_at) > _MAX_TARGETS:
                latest = self._bucket.latest_valid_time(now)
                self._full_at = {key: at for key, at in self._full_at.items() if now < at <= latest}

    def reserve_call(self, owner: str, target: str, now: float) -> float | None:
        """Count a call, and return the seconds to wait before making it; None if too many calls are waiting."""
        with self._lock:
            wait = self.seconds_until_allowed(owner, target, now)
            if wait > MAX_WAIT_SECONDS:
                return None
            self.record_call(owner, target, now)
            return wait


def _bucket(per_minute: int, count: int) -> Bucket:
    return Bucket("host", max(1.0, per_minute / count), PERIOD_SECONDS)
