"""The prefetch window: claimed runs may wait in memory only as far as runs have recently been starting.

Prefetching saves database work while attempts are short. While they are long, a prefetched run would only be out of
reach of other processes and of its owner's edits, and look the same as a running one.
"""

from collections import Counter
from collections.abc import Hashable
from math import inf

TICK_SECONDS = 0.5
_FRESH = 2
"""Ticks during which a new burst is not limited, until its speed is known."""


class PrefetchWindow:
    """A count of started attempts by key and tick. A key that has just become busy is assumed to be fast."""

    def __init__(self) -> None:
        self._ticks = 0
        self._busy_since: dict[Hashable, int] = {}
        self._begun: Counter[Hashable] = Counter()
        self._before: Counter[Hashable] = Counter()

    def mark_busy(self, key: Hashable) -> None:
        """Mark a key as busy: it has claimed runs."""
        self._busy_since.setdefault(key, self._ticks)

    def mark_idle(self, key: Hashable) -> None:
        """Mark a key as idle: it has no claimed runs left."""
        self._busy_since.pop(key, None)

    def count_start(self, key: Hashable) -> None:
        """Count a started attempt."""
        self._begun[key] += 1

    def max_waiting(self, key: Hashable) -> float:
        """Return the number of claimed runs with this key that may wait: as many as started in the last two ticks."""
        if self._ticks - self._busy_since.get(key, self._ticks) < _FRESH:
            return inf
        return self._begun[key] + self._before[key]

    def advance_tick(self) -> None:
        """Start the next tick. Call it every half second."""
        self._ticks += 1
        self._before, self._begun = self._begun, Counter()
