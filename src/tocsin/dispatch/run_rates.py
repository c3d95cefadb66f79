"""The rates of queues, hosts, and owners to hosts, of which this process has an equal part. Not thread-safe."""

from collections.abc import Callable

from tocsin.dispatch.limits import attempt_bucket
from tocsin.documents import WaitingFor
from tocsin.outbound.host_rates import HostRates
from tocsin.security.gcra import Bucket, Buckets, Milliseconds

_MIN_OWNER_WAIT: Milliseconds = 100.0
"""Minimum wait for an owner's rate limit, so that many such owners do not keep the dispatcher busy."""


class RunRates:
    """The rates in attempts per minute: `host_rate`, and what `find_queue_rate` returns for a queue."""

    def __init__(self, owner_rates: HostRates, host_rate: int, find_queue_rate: Callable[[str], int | None]) -> None:
        self._owner_rates, self._host_rate, self._find_queue_rate = owner_rates, host_rate, find_queue_rate
        self._buckets = Buckets[tuple[str, str]](self._bucket)
        self._process_count = 1
        self._wait: Milliseconds = 0.0

    def __len__(self) -> int:
        return len(self._buckets)

    def set_process_count(self, count: int) -> bool:
        """Divide the rates among this many processes. Return whether their number has changed."""
        changed, self._process_count = count != self._process_count, count
        self._owner_rates.set_process_count(count)
        return changed

    def find_refusal(self, queue: str, owner: str, host: str | None, now: Milliseconds) -> WaitingFor | None:
        """Return the rate that a run must wait for. The shortest wait is kept for `pop_wait_ms`."""
        refusal, wait = WaitingFor.QUEUE_RATE, self._buckets.seconds_until(("queue", queue), now) * 1000
        if not wait and host is not None:
            refusal, wait = WaitingFor.OWNER_HOST_RATE, self._owner_rates.seconds_until_allowed(owner, host, now) * 1000
            wait = max(wait, _MIN_OWNER_WAIT) if wait else 0.0
        if not wait and host is not None and self._host_rate:
            refusal, wait = WaitingFor.HOST_RATE, self._buckets.seconds_until(("host", host), now) * 1000
        if not wait:
            return None
        self._wait = min(self._wait or wait, wait)
        return refusal

    def count_run(self, queue: str, owner: str, host: str | None, now: Milliseconds) -> None:
        """Count a run in the rates of its queue, owner and host."""
        self._buckets.take(("queue", queue), now)
        if host is not None:
            if self._host_rate:
                self._buckets.take(("host", host), now)
            self._owner_rates.record_call(owner, host, now)

    def pop_wait_ms(self) -> Milliseconds:
        """Return the time until a rate admits one of the runs refused since the last call; 0 if none was."""
        wait, self._wait = self._wait, 0.0
        return wait

    def _bucket(self, key: tuple[str, str]) -> Bucket | None:
        kind, name = key
        rate = self._host_rate if kind == "host" else self._find_queue_rate(name)
        return attempt_bucket(rate / self._process_count) if rate else None
