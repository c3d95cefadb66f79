"""Rate limiting by the generic cell rate algorithm (GCRA). Pure."""

from dataclasses import dataclass


@dataclass(slots=True)
class GcraLimiter:
    """A GCRA rate limiter that allows bursts of up to one second's worth of attempts."""

    theoretical_arrival: float = 0.0

    def wait_ms(self, now: float, rate: float) -> float:
        """Return the milliseconds until the next attempt may start; 0 means now. `rate` is per minute."""
        return max(0.0, self._arrival(now, rate) - now - (max(1.0, rate / 60) - 1) * 60_000 / rate)

    def acquire(self, now: float, rate: float) -> None:
        """Count an attempt that starts now."""
        self.theoretical_arrival = max(self._arrival(now, rate), now) + 60_000 / rate

    def _arrival(self, now: float, rate: float) -> float:
        """Return the theoretical arrival, or `now` if it is so far ahead that the clock must have been set back."""
        return now if self.theoretical_arrival - now > max(60_000 / rate, 1_000) + 1_000 else self.theoretical_arrival
