"""Rate limiting by the generic cell rate algorithm (GCRA). Pure."""

from dataclasses import dataclass


@dataclass(slots=True)
class Pace:
    """A GCRA rate limiter that allows bursts of up to one second's worth of attempts."""

    due: float = 0.0

    def wait(self, now: float, rate: float) -> float:
        """Return the milliseconds until the next attempt may start; 0 means now. `rate` is per minute."""
        return max(0.0, self._arrival(now, rate) - now - (max(1.0, rate / 60) - 1) * 60_000 / rate)

    def take(self, now: float, rate: float) -> None:
        """Count an attempt that starts now."""
        self.due = max(self._arrival(now, rate), now) + 60_000 / rate

    def _arrival(self, now: float, rate: float) -> float:
        """Return `due`, or `now` if it is so far ahead that the clock must have been set back."""
        return now if self.due - now > max(60_000 / rate, 1_000) + 1_000 else self.due
