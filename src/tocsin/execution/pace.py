"""Attempts at an even rate. Pure."""

from dataclasses import dataclass


@dataclass(slots=True)
class Pace:
    """Attempts at an even rate, as the generic cell rate algorithm has it: at once at most a second's worth."""

    due: float = 0.0

    def wait(self, now: float, rate: float) -> float:
        """Milliseconds until another one may begin; 0: now."""
        return max(0.0, self._trusted(now, rate) - now - (max(1.0, rate / 60) - 1) * 60_000 / rate)

    def take(self, now: float, rate: float) -> None:
        """One begins."""
        self.due = max(self._trusted(now, rate), now) + 60_000 / rate

    def _trusted(self, now: float, rate: float) -> float:
        """No pace is so far ahead of its rate, unless the clock was set back."""
        return now if self.due - now > max(60_000 / rate, 1_000) + 1_000 else self.due
