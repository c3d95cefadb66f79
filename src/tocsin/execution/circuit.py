"""The circuit breaker of one owner's runs to one target host (Nygard, Release It!, 2007). Pure.

CLOSED until `threshold` attempts in a row could not connect or were answered 429 or 503; then OPEN for a while, in
which nothing is sent; then HALF_OPEN, while one run is the probe: it closes the circuit or opens it for twice as long.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

from tocsin.outbound.failures import ErrorKind

LONGEST = 600.0
"""Seconds that a circuit is open at the most."""
PROBE_SECONDS = 120.0
"""After so long without an outcome the probe is held for lost, and another run is it."""
_NOT_CONNECTED = frozenset({ErrorKind.CONNECT, ErrorKind.DNS, ErrorKind.TLS})
_TOO_MUCH = frozenset({429, 503})


class State(Enum):
    """Where a circuit is."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"


@dataclass(frozen=True, slots=True)
class Rules:
    """After how many failures in a row a circuit opens (0: never), and for how many seconds at first."""

    threshold: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Circuit:
    """A circuit. `retry_at` is when a probe may be sent, or the next one should this one be lost."""

    state: State = State.CLOSED
    failures: int = 0
    seconds: float = 0.0
    retry_at: datetime | None = None
    cause: str = ""

    def failed(self, now: datetime, rules: Rules, cause: str) -> "Circuit":
        """After an attempt that failed so."""
        failures = self.failures + 1
        if self.state is State.OPEN or not rules.threshold:
            return self  # it had begun before the circuit opened
        if self.state is State.CLOSED and failures < rules.threshold:
            return replace(self, failures=failures, cause=cause)
        seconds = min(self.seconds * 2 if self.state is State.HALF_OPEN else rules.seconds, LONGEST)
        return Circuit(State.OPEN, failures, seconds, now + timedelta(seconds=seconds), cause)

    def answered(self) -> "Circuit":
        """After an attempt that reached the target and was not turned away."""
        return self if self.state is State.OPEN else Circuit()

    def probed(self, now: datetime) -> "Circuit | None":
        """With a probe under way; None while it is too early for one.

        What lies further ahead than the circuit stays so was not reckoned from now: a clock was set back.
        """
        if self.state is State.CLOSED or self.retry_at is None:
            return None
        period = PROBE_SECONDS if self.state is State.HALF_OPEN else self.seconds
        if now < self.retry_at <= now + timedelta(seconds=period):
            return None
        return replace(self, state=State.HALF_OPEN, retry_at=now + timedelta(seconds=PROBE_SECONDS))


def complaint(kind: ErrorKind | None, status: int | None) -> str | None:
    """What an outcome says against its target; None if it says nothing against it."""
    if status in _TOO_MUCH:
        return f"HTTP {status}"
    return kind.value if kind in _NOT_CONNECTED else None
