"""The circuit breaker for the runs of one owner to one target host (Nygard, Release It!, 2007). Pure.

A circuit is CLOSED until `failure_threshold` attempts in a row fail to connect or get 429 or 503. It is then OPEN for
a while: nothing is sent. Then it is HALF_OPEN while one run, the probe, is sent: its outcome closes the circuit, or
opens it for twice as long.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from tocsin.documents import ErrorKind

MAX_OPEN_SECONDS = 600.0
"""Maximum seconds that a circuit stays open."""
PROBE_TIMEOUT_SECONDS = 120.0
"""Seconds after which a probe without an outcome counts as lost and another run is sent as the probe."""
_NOT_CONNECTED = frozenset({ErrorKind.CONNECT, ErrorKind.DNS, ErrorKind.TLS})
_TURNED_AWAY = frozenset({429, 503})


class CircuitState(StrEnum):
    """The state of a circuit."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"


@dataclass(frozen=True, slots=True)
class CircuitConfig:
    """The failures in a row that open a circuit (0: never), and the seconds for which it opens at first."""

    failure_threshold: int
    open_seconds: float


@dataclass(frozen=True, slots=True)
class CircuitBreaker:
    """A circuit. `retry_at` is the earliest time of the next probe (while HALF_OPEN: if the current one is lost)."""

    state: CircuitState = CircuitState.CLOSED
    failures: int = 0
    open_seconds: float = 0.0
    retry_at: datetime | None = None
    cause: str = ""

    def after_failure(self, now: datetime, config: CircuitConfig, cause: str) -> "CircuitBreaker":
        """Return the circuit after a failed attempt."""
        failures = self.failures + 1
        if self.state is CircuitState.OPEN or not config.failure_threshold:
            return self  # the attempt started before the circuit opened
        if self.state is CircuitState.CLOSED and failures < config.failure_threshold:
            return replace(self, failures=failures, cause=cause)
        seconds = min(
            self.open_seconds * 2 if self.state is CircuitState.HALF_OPEN else config.open_seconds, MAX_OPEN_SECONDS
        )
        return CircuitBreaker(CircuitState.OPEN, failures, seconds, now + timedelta(seconds=seconds), cause)

    def after_inconclusive(self, now: datetime) -> "CircuitBreaker":
        """Return the circuit after a failure that is our own: a probe is repeated after the same time, not twice it."""
        if self.state is not CircuitState.HALF_OPEN:
            return self
        return replace(self, state=CircuitState.OPEN, retry_at=now + timedelta(seconds=self.open_seconds))

    def after_success(self) -> "CircuitBreaker":
        """Return the circuit after an attempt that the target accepted."""
        return self if self.state is CircuitState.OPEN else CircuitBreaker()

    def with_probe(self, now: datetime) -> "CircuitBreaker | None":
        """Return the circuit with a probe in progress, or None while it is too early for one.

        A `retry_at` further ahead than the circuit's current period means that the clock was set back: it is ignored.
        """
        if self.state is CircuitState.CLOSED or self.retry_at is None:
            return None
        period = PROBE_TIMEOUT_SECONDS if self.state is CircuitState.HALF_OPEN else self.open_seconds
        if now < self.retry_at <= now + timedelta(seconds=period):
            return None
        return replace(self, state=CircuitState.HALF_OPEN, retry_at=now + timedelta(seconds=PROBE_TIMEOUT_SECONDS))


def find_failure_cause(kind: ErrorKind | None, status: int | None) -> str | None:
    """Return the reason why an outcome counts as a failure of its target, or None if it does not."""
    if status in _TURNED_AWAY:
        return f"HTTP {status}"
    return kind if kind in _NOT_CONNECTED else None
